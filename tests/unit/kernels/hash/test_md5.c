/* Shown: the test suite of RFC 1321 A.5, and lengths around the padding's limits against digests
 * made by another implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "kernels/hash/md5.h"

static void check(const char *text, const char *digest)
{
    char out[MR_MD5_TEXT];
    mr_md5_text(text, strlen(text), out);
    assert_string_equal(out, digest);
}

static void test_rfc(void **state)
{
    (void)state;
    check("", "d41d8cd98f00b204e9800998ecf8427e");
    check("a", "0cc175b9c0f1b6a831c399e269772661");
    check("abc", "900150983cd24fb0d6963f7d28e17f72");
    check("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
    check("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b");
    check("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
          "d174ab98d277d9f5a5611c2c9f419d9f");
    check("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
          "57edf4a22be3c955ac49da2e2107b67a");
}

static void test_lengths(void **state)
{
    /* MD5 of n letters x, by Python's hashlib. */
    static const struct {
        size_t count;
        const char *digest;
    } cases[] = {
        {1, "9dd4e461268c8034f5c8564e155c67a6"},   {54, "61ea0974c662328da964d977a8253873"},
        {55, "04364420e25c512fd958a70738aa8f72"},  {56, "668a72d5ba17f08e62dabcafad6db14b"},
        {57, "693037871c4a9d3d8685018905cb530a"},  {63, "7dc2ca208106a2f703567bdff99d8981"},
        {64, "c1bb4f81d892b2d57947682aeb252456"},  {65, "1bc932052302d074bdec39795fe00cf6"},
        {119, "ab347a5f68c8a443cfcddc633f12c24f"}, {120, "fb98667f98096de92620b64f46e1c5b5"},
        {121, "e8bb0ccd83750100b37f4831cd5d7ee2"}, {127, "a0b28c1da68705c2ff883fe279b72753"},
        {128, "d69cb61a6ee87200676eb0d4b90edbcb"}, {129, "3926841d393c00c3f36260e5ace10dc1"},
        {256, "c7a139a2b8e92164276f778917ba10b9"},
    };
    char text[256], out[MR_MD5_TEXT];
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mr_md5_text(text, cases[i].count, out);
        assert_string_equal(out, cases[i].digest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rfc), cmocka_unit_test(test_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
