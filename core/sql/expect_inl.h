/* Included at the end of the generated grammar.c, where lemon's tables are visible: what the parser
 * could take next, for error messages.
 *
 * A token is acceptable when, from the states on the stack, only reductions lie between here and a
 * shift of it. The walk repeats what the parser would do, on a copy of the states, without actions
 * and without falling back from keywords to names. */
#ifndef MR_CORE_SQL_EXPECT_INL_H
#define MR_CORE_SQL_EXPECT_INL_H

static_assert(YYNTOKEN <= MR_SQL_TOKENS_MAX, "sets of tokens are arrays of that size");

size_t mr_sql_grammar_bytes(void)
{
    return sizeof(yyParser);
}

static YYACTIONTYPE expect_action(int token, YYACTIONTYPE state)
{
    if (state > YY_MAX_SHIFT) return state;
    int i = yy_shift_ofst[state] + token;
    if (i < 0 || i >= (int)YY_NLOOKAHEAD || yy_lookahead[i] != token) return yy_default[state];
    return yy_action[i];
}

bool mr_sql_grammar_accepts(const void *parser, int token)
{
    const yyParser *p = parser;
    YYACTIONTYPE states[YYSTACKDEPTH + 1];
    if (token >= YYNTOKEN) return false;
    int top = (int)(p->yytos - p->yystack);
    for (int i = 0; i <= top; i++) states[i] = p->yystack[i].stateno;
    for (;;) {
        YYACTIONTYPE action = expect_action(token, states[top]);
        if (action <= YY_MAX_SHIFTREDUCE || action == YY_ACCEPT_ACTION) return true;
        if (action < YY_MIN_REDUCE) return false;
        unsigned rule = (unsigned)action - YY_MIN_REDUCE;
        top += yyRuleInfoNRhs[rule];
        YYACTIONTYPE next = yy_find_reduce_action(states[top], (YYCODETYPE)yyRuleInfoLhs[rule]);
        if (top >= YYSTACKDEPTH) return false;
        states[++top] = next;
    }
}

#endif
