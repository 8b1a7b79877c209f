/* The grammar of SQL, in lemon's notation; the build makes grammar.c and grammar.h from it.
 *
 * Expressions are layered like Spark's SqlBaseParser.g4, and so is their precedence: `expr` is
 * OR, AND, NOT; `pred` a value with at most one predicate (IS, IN, BETWEEN, LIKE); `value`
 * arithmetic and comparison; `primary` what binds tightest. Actions only call the build functions
 * (build_impl.h), which take null for anything that failed before. The first token says what is
 * parsed (BEGIN_..), so that one table serves statements, expressions, types and hints.
 *
 * Rules that would conflict carry a [TOKEN], whose precedence says which reading wins. */
%name mr_sql_grammar
%token_prefix MR_SQL_T_
%token_type {const struct mr_sql_token *}
%extra_argument {struct mr_sql_parser *p}
%stack_size 2048
%start_symbol start

%include {
#include <assert.h>
#include <stddef.h>
#include "core/sql/build_statement_impl.h"
#include "core/sql/syntax_impl.h"
}

%syntax_error { mr_sql_syntax_fail(p, TOKEN); }
%stack_overflow { mr_sql_depth_fail(p); }

%fallback ID
    AFTER ALL ALWAYS APPLY ARRAY ASC AUTO BY CATALOG CDC CHANGES CHECK CLUSTER COLUMNS COMMENT
    CONSTRAINT CUBE CURRENT DATABASE DEDUPLICATE DEFAULT DELAY DELETE DESC DIV DROP ESCAPE
    EXPECT FAIL FILTER FIRST FLOW FOLLOWING GENERATED HISTORY IDLE IGNORE INSERT INTO KEY
    LAST LIVE LOCATION MAP MASK MATERIALIZED NAME NAMESPACE NULLS OF ONCE OPTIONS OUTER
    OVER PARTITION PARTITIONED POLICY PRECEDING PRIMARY PRIVATE QUARANTINE RANGE REFRESH REPLACE
    ROLLUP ROW ROWS SCD SCHEDULE SCHEMA SEQUENCE SET SINK STORED STREAMING STRUCT TABLE
    TBLPROPERTIES TEMP TEMPORARY TO TRACK TRUNCATE TYPE UNBOUNDED UNKNOWN UPDATE UPDATES USE
    VALUES VIEW VIOLATION WATERMARK WITHIN.

/* Lowest first. LOWEST and LOW are for rules that give way to a longer reading. */
%nonassoc LOWEST.
%nonassoc LOW.
%nonassoc COMMENT.
%left UNION EXCEPT MINUS.
%left INTERSECT.
%left OR.
%left AND.
%right NOT.
%left EQ NSEQ NE LT LE GT GE.
%left PIPE.
%left HAT.
%left AMPERSAND.
%left SHL SHR USHR.
%left PLUS DASH CONCAT.
%left STAR SLASH PERCENT DIV.
%right UNARY.
%nonassoc COMMA RP.
%left DCOLON LB DOT COLON.
%nonassoc LP.
%token SEMICOLON.

start ::= BEGIN_STATEMENT statement(A).          { p->statement = A; }
start ::= BEGIN_EXPR expr(A).                    { p->expr = A; }
start ::= BEGIN_TYPE type(A).                    { p->type = A.type; }
start ::= BEGIN_SCHEMA.                          { p->type = mr_sql_type_struct(p, NULL).type; }
start ::= BEGIN_SCHEMA fields(A).                { p->type = mr_sql_type_struct(p, &A).type; }
start ::= BEGIN_SCHEMA STRUCT LT fields(A) GT.   { p->type = mr_sql_type_struct(p, &A).type; }
start ::= BEGIN_HINTS.
start ::= BEGIN_HINTS hints(A).                  { p->hints = A; }

/* ---- names and small things ---- */

%type name {struct mr_sql_name *}
name(A) ::= ID(T).      { A = mr_sql_name_new(p, T); }
name(A) ::= QUOTED(T).  { A = mr_sql_name_new(p, T); }

%type qname {struct mr_sql_names}
qname(A) ::= name(N).              { A = mr_sql_names_of(N); }
qname(A) ::= qname(Q) DOT name(N). { A = mr_sql_names_add(Q, N); }

%type names {struct mr_sql_names}
names(A) ::= name(N).                { A = mr_sql_names_of(N); }
names(A) ::= names(L) COMMA name(N). { A = mr_sql_names_add(L, N); }

/* Lists of perhaps dotted columns, each kept as one name with dots. */
%type paths {struct mr_sql_names}
paths(A) ::= qname(Q).                [LOW] { A = mr_sql_names_of(mr_sql_names_join(p, Q)); }
paths(A) ::= paths(L) COMMA qname(Q). [LOW] { A = mr_sql_names_add(L, mr_sql_names_join(p, Q)); }
%type pathlist {struct mr_sql_names}
pathlist(A) ::= LP paths(L) RP. { A = L; }
pathlist(A) ::= paths(L).       [LOW] { A = L; }

%type string {struct mr_sql_string}
string(A) ::= STRING(T).           { A = mr_sql_string_new(p, T); }
string(A) ::= string(S) STRING(T). { A = mr_sql_string_add(p, S, T); }

%type sign {int}
sign(A) ::= .      { A = 1; }
sign(A) ::= PLUS.  { A = 1; }
sign(A) ::= DASH.  { A = -1; }

/* ---- types ---- */

%type type {struct mr_sql_typed}
type(A) ::= name(N).                                 [LOW]
        { A = mr_sql_type_named(p, N, NULL, NULL); }
type(A) ::= name(N) LP INTEGER(X) RP.                      { A = mr_sql_type_named(p, N, X, NULL); }
type(A) ::= name(N) LP INTEGER(X) COMMA INTEGER(Y) RP.     { A = mr_sql_type_named(p, N, X, Y); }
type(A) ::= ARRAY LT type(T) GT.                           { A = mr_sql_type_array(p, T); }
type(A) ::= MAP LT type(K) COMMA type(V) GT.               { A = mr_sql_type_map(p, K, V); }
type(A) ::= STRUCT LT fields(F) GT.                        { A = mr_sql_type_struct(p, &F); }
type(A) ::= STRUCT NE.                                     { A = mr_sql_type_struct(p, NULL); }

%type fields {struct mr_sql_columns}
fields(A) ::= field(F).                  { A = mr_sql_columns_add(mr_sql_columns_none(), F); }
fields(A) ::= fields(L) COMMA field(F).  { A = mr_sql_columns_add(L, F); }
%type field {struct mr_sql_column *}
field(A) ::= name(N) colon type(T).                   { A = mr_sql_column_new(p, N, &T); }
field(A) ::= field(F) NOT NULL.                       { A = mr_sql_column_not_null(F); }
field(A) ::= field(F) COMMENT string(S).              { A = mr_sql_column_comment(F, S); }
colon ::= .
colon ::= COLON.

%type hints {struct mr_sql_columns}
hints(A) ::= hint(F).                 { A = mr_sql_columns_add(mr_sql_columns_none(), F); }
hints(A) ::= hints(L) COMMA hint(F).  { A = mr_sql_columns_add(L, F); }
%type hint {struct mr_sql_column *}
hint(A) ::= qname(Q) colon type(T).         { A = mr_sql_hint_new(p, Q, &T); }
hint(A) ::= hint(F) NOT NULL.               { A = mr_sql_column_not_null(F); }
hint(A) ::= hint(F) COMMENT string(S).      { A = mr_sql_column_comment(F, S); }

/* ---- expressions ---- */

%type expr {struct mr_sql_expr *}
expr(A) ::= pred(X).                 [LOW] { A = X; }
expr(A) ::= NOT(T) expr(X).          { A = mr_sql_expr_unary(p, MR_SQL_OP_NOT, T, X); }
expr(A) ::= expr(X) AND expr(Y).     { A = mr_sql_expr_chain(p, MR_SQL_EXPR_AND, X, Y); }
expr(A) ::= expr(X) OR expr(Y).      { A = mr_sql_expr_chain(p, MR_SQL_EXPR_OR, X, Y); }

%type not {bool}
not(A) ::= .     { A = false; }
not(A) ::= NOT.  { A = true; }

%type pred {struct mr_sql_expr *}
pred(A) ::= value(X).                                 [LOW] { A = X; }
pred(A) ::= value(X) IS not(N) NULL(T).
        { A = mr_sql_expr_is(p, MR_SQL_OP_IS_NULL, X, N, T); }
pred(A) ::= value(X) IS not(N) TRUE(T).
        { A = mr_sql_expr_is(p, MR_SQL_OP_IS_TRUE, X, N, T); }
pred(A) ::= value(X) IS not(N) FALSE(T).
        { A = mr_sql_expr_is(p, MR_SQL_OP_IS_FALSE, X, N, T); }
pred(A) ::= value(X) IS not(N) UNKNOWN(T).
        { A = mr_sql_expr_is(p, MR_SQL_OP_IS_UNKNOWN, X, N, T); }
pred(A) ::= value(X) IS not(N) DISTINCT FROM value(Y). { A = mr_sql_expr_distinct(p, X, Y, N); }
pred(A) ::= value(X) not(N) IN LP exprs(L) RP(E).     { A = mr_sql_expr_in(p, X, L, N, E); }
pred(A) ::= value(X) not(N) IN subquery(Q).           { A = mr_sql_expr_in_query(p, X, Q, N); }
pred(A) ::= value(X) not(N) BETWEEN value(L) AND value(H).
        { A = mr_sql_expr_between(p, X, L, H, N); }
pred(A) ::= value(X) not(N) like(O) value(Y).         { A = mr_sql_expr_like(p, O, X, Y, NULL, N); }
pred(A) ::= value(X) not(N) like(O) value(Y) ESCAPE string(S).
                                                      { A = mr_sql_expr_like(p, O, X, Y, &S, N); }
%type like {mr_sql_op}
like(A) ::= LIKE.   { A = MR_SQL_OP_LIKE; }
like(A) ::= ILIKE.  { A = MR_SQL_OP_ILIKE; }
like(A) ::= RLIKE.  { A = MR_SQL_OP_RLIKE; }

%type value {struct mr_sql_expr *}
value(A) ::= primary(X).                 [LOW] { A = X; }
value(A) ::= DASH(T) value(X).           [UNARY]
        { A = mr_sql_expr_unary(p, MR_SQL_OP_NEGATE, T, X); }
value(A) ::= PLUS(T) value(X).           [UNARY] { A = mr_sql_expr_unary(p, MR_SQL_OP_PLUS, T, X); }
value(A) ::= TILDE(T) value(X).          [UNARY]
        { A = mr_sql_expr_unary(p, MR_SQL_OP_BIT_NOT, T, X); }
value(A) ::= value(X) STAR value(Y).     { A = mr_sql_expr_binary(p, MR_SQL_OP_MULTIPLY, X, Y); }
value(A) ::= value(X) SLASH value(Y).    { A = mr_sql_expr_binary(p, MR_SQL_OP_DIVIDE, X, Y); }
value(A) ::= value(X) PERCENT value(Y).  { A = mr_sql_expr_binary(p, MR_SQL_OP_MODULO, X, Y); }
value(A) ::= value(X) DIV value(Y).      { A = mr_sql_expr_binary(p, MR_SQL_OP_DIV, X, Y); }
value(A) ::= value(X) PLUS value(Y).     { A = mr_sql_expr_binary(p, MR_SQL_OP_ADD, X, Y); }
value(A) ::= value(X) DASH value(Y).     { A = mr_sql_expr_binary(p, MR_SQL_OP_SUBTRACT, X, Y); }
value(A) ::= value(X) CONCAT value(Y).   { A = mr_sql_expr_binary(p, MR_SQL_OP_CONCAT, X, Y); }
value(A) ::= value(X) SHL value(Y).      { A = mr_sql_expr_binary(p, MR_SQL_OP_SHIFT_LEFT, X, Y); }
value(A) ::= value(X) SHR value(Y).      { A = mr_sql_expr_binary(p, MR_SQL_OP_SHIFT_RIGHT, X, Y); }
value(A) ::= value(X) USHR value(Y).
        { A = mr_sql_expr_binary(p, MR_SQL_OP_SHIFT_RIGHT_UNSIGNED, X, Y); }
value(A) ::= value(X) AMPERSAND value(Y). { A = mr_sql_expr_binary(p, MR_SQL_OP_BIT_AND, X, Y); }
value(A) ::= value(X) HAT value(Y).      { A = mr_sql_expr_binary(p, MR_SQL_OP_BIT_XOR, X, Y); }
value(A) ::= value(X) PIPE value(Y).     { A = mr_sql_expr_binary(p, MR_SQL_OP_BIT_OR, X, Y); }
value(A) ::= value(X) EQ value(Y).       { A = mr_sql_expr_binary(p, MR_SQL_OP_EQ, X, Y); }
value(A) ::= value(X) NSEQ value(Y).
        { A = mr_sql_expr_binary(p, MR_SQL_OP_EQ_NULL_SAFE, X, Y); }
value(A) ::= value(X) NE value(Y).       { A = mr_sql_expr_binary(p, MR_SQL_OP_NE, X, Y); }
value(A) ::= value(X) LT value(Y).       { A = mr_sql_expr_binary(p, MR_SQL_OP_LT, X, Y); }
value(A) ::= value(X) LE value(Y).       { A = mr_sql_expr_binary(p, MR_SQL_OP_LE, X, Y); }
value(A) ::= value(X) GT value(Y).       { A = mr_sql_expr_binary(p, MR_SQL_OP_GT, X, Y); }
value(A) ::= value(X) GE value(Y).       { A = mr_sql_expr_binary(p, MR_SQL_OP_GE, X, Y); }

%type primary {struct mr_sql_expr *}
primary(A) ::= literal(X).                        { A = X; }
primary(A) ::= colref(X).                         [LOW] { A = X; } /* a longer name wins */
primary(A) ::= call(X).                           { A = X; }
primary(A) ::= row(X).                            { A = X; }
primary(A) ::= subquery(Q).                       [LOW] { A = mr_sql_expr_subquery(p, Q); }
primary(A) ::= EXISTS(T) subquery(Q).             { A = mr_sql_expr_exists(p, T, Q); }
primary(A) ::= LP(B) expr(X) RP(E).               { A = mr_sql_expr_parens(p, B, X, E); }
primary(A) ::= primary(X) DOT name(N).            { A = mr_sql_expr_field(p, X, N); }
primary(A) ::= primary(X) LB value(Y) RB(E).      { A = mr_sql_expr_subscript(p, X, Y, E); }
primary(A) ::= primary(X) COLON name(N). { A = mr_sql_expr_path(mr_sql_expr_field(p, X, N)); }
primary(A) ::= primary(X) COLON LB value(Y) RB(E).
        { A = mr_sql_expr_path(mr_sql_expr_subscript(p, X, Y, E)); }
primary(A) ::= primary(X) DCOLON type(T).
        { A = mr_sql_expr_cast(p, NULL, X, T, NULL, false); }
primary(A) ::= CAST(B) LP expr(X) AS type(T) RP(E). { A = mr_sql_expr_cast(p, B, X, T, E, false); }
primary(A) ::= TRY_CAST(B) LP expr(X) AS type(T) RP(E).
        { A = mr_sql_expr_cast(p, B, X, T, E, true); }
primary(A) ::= EXTRACT(B) LP name(N) FROM expr(X) RP(E). { A = mr_sql_expr_extract(p, B, N, X, E); }
primary(A) ::= CASE(B) whens(W) else(X) END(E).   { A = mr_sql_expr_case(p, B, NULL, W, X, E); }
primary(A) ::= CASE(B) expr(O) whens(W) else(X) END(E). { A = mr_sql_expr_case(p, B, O, W, X, E); }

%type whens {struct mr_sql_exprs}
whens(A) ::= WHEN expr(X) THEN expr(Y).
        { A = mr_sql_exprs_pair(mr_sql_exprs_none(), X, Y); }
whens(A) ::= whens(L) WHEN expr(X) THEN expr(Y).  { A = mr_sql_exprs_pair(L, X, Y); }
%type else {struct mr_sql_expr *}
else(A) ::= .              { A = NULL; }
else(A) ::= ELSE expr(X).  { A = X; }

%type row {struct mr_sql_expr *}
row(A) ::= LP(B) exprs(L) COMMA expr(X) RP(E).
        { A = mr_sql_expr_row(p, B, mr_sql_exprs_add(L, X), E); }

%type exprs {struct mr_sql_exprs}
exprs(A) ::= expr(X).                 { A = mr_sql_exprs_add(mr_sql_exprs_none(), X); }
exprs(A) ::= exprs(L) COMMA expr(X).  { A = mr_sql_exprs_add(L, X); }

%type colref {struct mr_sql_expr *}
colref(A) ::= name(N).                { A = mr_sql_expr_column(p, N); }
colref(A) ::= colref(X) DOT name(N).  { A = mr_sql_expr_column_add(p, X, N); }

%type call {struct mr_sql_expr *}
call(A) ::= colref(F) LP args(L) RP(E) filter(W) over(O).
        { A = mr_sql_expr_call(p, F, false, L, E, W, O); }
call(A) ::= colref(F) LP DISTINCT args(L) RP(E) filter(W) over(O).
        { A = mr_sql_expr_call(p, F, true, L, E, W, O); }
%type filter {struct mr_sql_expr *}
filter(A) ::= .                          { A = NULL; }
filter(A) ::= FILTER LP WHERE expr(X) RP. { A = X; }
%type over {struct mr_sql_window *}
over(A) ::= .                            { A = NULL; }
over(A) ::= OVER LP partition(L) orderby(O) frame(F) RP. { A = mr_sql_window_new(p, L, O, F); }
%type partition {struct mr_sql_exprs}
partition(A) ::= .                       { A = mr_sql_exprs_none(); }
partition(A) ::= PARTITION BY exprs(L).  { A = L; }
%type frame {struct mr_sql_frame}
frame(A) ::= .                           { A = mr_sql_frame_none(); }
frame(A) ::= frame_unit(U) bound(X).     { A = mr_sql_frame_new(U, X, mr_sql_bound_current()); }
frame(A) ::= frame_unit(U) BETWEEN bound(X) AND bound(Y). { A = mr_sql_frame_new(U, X, Y); }
%type frame_unit {bool}
frame_unit(A) ::= ROWS.                  { A = false; }
frame_unit(A) ::= RANGE.                 { A = true; }
%type bound {struct mr_sql_bound}
bound(A) ::= UNBOUNDED PRECEDING. { A = mr_sql_bound_new(MR_SQL_BOUND_UNBOUNDED_PRECEDING, NULL); }
bound(A) ::= UNBOUNDED FOLLOWING. { A = mr_sql_bound_new(MR_SQL_BOUND_UNBOUNDED_FOLLOWING, NULL); }
bound(A) ::= CURRENT ROW.         { A = mr_sql_bound_current(); }
bound(A) ::= expr(X) PRECEDING.   { A = mr_sql_bound_new(MR_SQL_BOUND_PRECEDING, X); }
bound(A) ::= expr(X) FOLLOWING.   { A = mr_sql_bound_new(MR_SQL_BOUND_FOLLOWING, X); }

%type args {struct mr_sql_exprs}
args(A) ::= .            { A = mr_sql_exprs_none(); }
args(A) ::= arglist(L).  { A = L; }
%type arglist {struct mr_sql_exprs}
arglist(A) ::= arg(X).                   { A = mr_sql_exprs_add(mr_sql_exprs_none(), X); }
arglist(A) ::= arglist(L) COMMA arg(X).  { A = mr_sql_exprs_add(L, X); }
%type arg {struct mr_sql_expr *}
arg(A) ::= expr(X).                  { A = X; }
arg(A) ::= STAR(T).                  { A = mr_sql_expr_star(p, NULL, T); }
arg(A) ::= colref(Q) DOT STAR(T).    { A = mr_sql_expr_star(p, Q, T); }
arg(A) ::= name(N) FATARROW expr(X). { A = mr_sql_expr_named(p, N, X); }
arg(A) ::= name(N) ARROW expr(X).    { A = mr_sql_expr_lambda(p, N, NULL, X); }
arg(A) ::= row(R) ARROW expr(X).     { A = mr_sql_expr_lambda(p, NULL, R, X); }

%type literal {struct mr_sql_expr *}
literal(A) ::= NULL(T).               { A = mr_sql_literal_word(p, MR_SQL_LITERAL_NULL, T); }
literal(A) ::= TRUE(T).               { A = mr_sql_literal_word(p, MR_SQL_LITERAL_BOOLEAN, T); }
literal(A) ::= FALSE(T).              { A = mr_sql_literal_word(p, MR_SQL_LITERAL_BOOLEAN, T); }
literal(A) ::= INTEGER(T).            { A = mr_sql_literal_number(p, T); }
literal(A) ::= NUMBER(T).             { A = mr_sql_literal_number(p, T); }
literal(A) ::= BINARY(T).             { A = mr_sql_literal_binary(p, T); }
literal(A) ::= string(S).             [LOW] { A = mr_sql_literal_string(p, S); }
literal(A) ::= DATE(T) STRING(S).
        { A = mr_sql_literal_typed(p, MR_SQL_LITERAL_DATE, T, S); }
literal(A) ::= TIMESTAMP(T) STRING(S).
        { A = mr_sql_literal_typed(p, MR_SQL_LITERAL_TIMESTAMP, T, S); }
literal(A) ::= TIMESTAMP_LTZ(T) STRING(S).
        { A = mr_sql_literal_typed(p, MR_SQL_LITERAL_TIMESTAMP, T, S); }
literal(A) ::= TIMESTAMP_NTZ(T) STRING(S).
        { A = mr_sql_literal_typed(p, MR_SQL_LITERAL_TIMESTAMP_NTZ, T, S); }
literal(A) ::= interval(X).           { A = X; }

%type interval {struct mr_sql_expr *}
interval(A) ::= INTERVAL(T) sign(N) STRING(S).    { A = mr_sql_interval_text(p, T, N, S); }
interval(A) ::= INTERVAL(T) sign(N) STRING(S) UNIT(F) TO UNIT(L).
        { A = mr_sql_interval_range(p, T, N, S, F, L); }
interval(A) ::= INTERVAL(T) sign(N) STRING(V) UNIT(U).
        { A = mr_sql_interval_add(p, mr_sql_interval_new(p, T), N, V, U); }
interval(A) ::= INTERVAL(T) sign(N) INTEGER(V) UNIT(U).
        { A = mr_sql_interval_add(p, mr_sql_interval_new(p, T), N, V, U); }
interval(A) ::= INTERVAL(T) sign(N) NUMBER(V) UNIT(U).
        { A = mr_sql_interval_add(p, mr_sql_interval_new(p, T), N, V, U); }
interval(A) ::= interval(X) amount(V) UNIT(U).    { A = mr_sql_interval_add(p, X, 1, V, U); }
%type amount {const struct mr_sql_token *}
amount(A) ::= INTEGER(T).  { A = T; }
amount(A) ::= NUMBER(T).   { A = T; }
amount(A) ::= STRING(T).   { A = T; }

/* ---- queries ---- */

%type query {struct mr_sql_query *}
query(A) ::= term(Q) orderby(O) limit(L) offset(F).
        { A = mr_sql_query_finish(p, Q, O, L, F); }
query(A) ::= WITH(T) ctes(C) term(Q) orderby(O) limit(L) offset(F).
        { A = mr_sql_query_with(p, T, C, mr_sql_query_finish(p, Q, O, L, F)); }
%type subquery {struct mr_sql_query *}
subquery(A) ::= LP(B) query(Q) RP(E).  { A = mr_sql_query_parens(Q, B, E); }

%type ctes {struct mr_sql_ctes}
ctes(A) ::= cte(C).                { A = mr_sql_ctes_add(mr_sql_ctes_none(), C); }
ctes(A) ::= ctes(L) COMMA cte(C).  { A = mr_sql_ctes_add(L, C); }
%type cte {struct mr_sql_cte *}
cte(A) ::= name(N) aliascols(L) AS subquery(Q). { A = mr_sql_cte_new(p, N, L, Q); }

%type term {struct mr_sql_query *}
term(A) ::= SELECT(T) distinct(D) items(I) from(F) where(W) group(G) having(H) qualify(Q).
        { A = mr_sql_query_select(p, T, D, I, F, W, G, H, Q); }
term(A) ::= VALUES(T) exprs(L).             [LOW] { A = mr_sql_query_values(p, T, L); }
term(A) ::= subquery(Q).                    [LP] { A = Q; } /* before a scalar subquery */
term(A) ::= term(X) UNION all(L) term(Y).
        { A = mr_sql_query_set(p, MR_SQL_QUERY_UNION, X, L, Y); }
term(A) ::= term(X) EXCEPT all(L) term(Y).
        { A = mr_sql_query_set(p, MR_SQL_QUERY_EXCEPT, X, L, Y); }
term(A) ::= term(X) MINUS all(L) term(Y).
        { A = mr_sql_query_set(p, MR_SQL_QUERY_EXCEPT, X, L, Y); }
term(A) ::= term(X) INTERSECT all(L) term(Y).
        { A = mr_sql_query_set(p, MR_SQL_QUERY_INTERSECT, X, L, Y); }
%type all {bool}
all(A) ::= .          { A = false; }
all(A) ::= ALL.       { A = true; }
all(A) ::= DISTINCT.  { A = false; }
%type distinct {bool}
distinct(A) ::= .          { A = false; }
distinct(A) ::= ALL.       { A = false; }
distinct(A) ::= DISTINCT.  { A = true; }

%type items {struct mr_sql_items}
items(A) ::= item(I).                 { A = mr_sql_items_add(mr_sql_items_none(), I); }
items(A) ::= items(L) COMMA item(I).  { A = mr_sql_items_add(L, I); }
%type item {struct mr_sql_item *}
item(A) ::= expr(X).                       { A = mr_sql_item_new(p, X, mr_sql_names_none()); }
item(A) ::= expr(X) name(N).               { A = mr_sql_item_new(p, X, mr_sql_names_of(N)); }
item(A) ::= expr(X) AS name(N).            { A = mr_sql_item_new(p, X, mr_sql_names_of(N)); }
item(A) ::= expr(X) AS LP names(L) RP.     { A = mr_sql_item_new(p, X, L); }
item(A) ::= STAR(T) except(E).

        { A = mr_sql_item_star(p, NULL, T, E); }
item(A) ::= colref(Q) DOT STAR(T) except(E).
        { A = mr_sql_item_star(p, Q, T, E); }
%type except {struct mr_sql_except}
except(A) ::= .                           [LOW] { A = mr_sql_except_none(); }
except(A) ::= EXCEPT LP paths(L) RP(E).   { A = mr_sql_except_new(L, E); }

%type from {struct mr_sql_relation *}
from(A) ::= .                  { A = NULL; }
from(A) ::= FROM relations(R). { A = R; }
%type where {struct mr_sql_expr *}
where(A) ::= .               { A = NULL; }
where(A) ::= WHERE expr(X).  { A = X; }
%type group {struct mr_sql_group}
group(A) ::= .
        { A = mr_sql_group_new(MR_SQL_GROUP_NONE, mr_sql_exprs_none()); }
group(A) ::= GROUP BY ALL.
        { A = mr_sql_group_new(MR_SQL_GROUP_ALL, mr_sql_exprs_none()); }
group(A) ::= GROUP BY exprs(L).               { A = mr_sql_group_new(MR_SQL_GROUP_BY, L); }
group(A) ::= GROUP BY ROLLUP LP exprs(L) RP.  { A = mr_sql_group_new(MR_SQL_GROUP_ROLLUP, L); }
group(A) ::= GROUP BY CUBE LP exprs(L) RP.    { A = mr_sql_group_new(MR_SQL_GROUP_CUBE, L); }
%type having {struct mr_sql_expr *}
having(A) ::= .                { A = NULL; }
having(A) ::= HAVING expr(X).  { A = X; }
%type qualify {struct mr_sql_expr *}
qualify(A) ::= .                 { A = NULL; }
qualify(A) ::= QUALIFY expr(X).  { A = X; }

%type orderby {struct mr_sql_orders}
orderby(A) ::= .                    { A = mr_sql_orders_none(); }
orderby(A) ::= ORDER BY orders(L).  { A = L; }
%type orders {struct mr_sql_orders}
orders(A) ::= order(O).                  { A = mr_sql_orders_add(mr_sql_orders_none(), O); }
orders(A) ::= orders(L) COMMA order(O).  { A = mr_sql_orders_add(L, O); }
%type order {struct mr_sql_order *}
order(A) ::= expr(X) descending(D).               { A = mr_sql_order_new(p, X, D, !D); }
order(A) ::= expr(X) descending(D) NULLS FIRST.   { A = mr_sql_order_new(p, X, D, true); }
order(A) ::= expr(X) descending(D) NULLS LAST.    { A = mr_sql_order_new(p, X, D, false); }
%type descending {bool}
descending(A) ::= .      { A = false; }
descending(A) ::= ASC.   { A = false; }
descending(A) ::= DESC.  { A = true; }
%type limit {struct mr_sql_expr *}
limit(A) ::= .               { A = NULL; }
limit(A) ::= LIMIT ALL.      { A = NULL; }
limit(A) ::= LIMIT expr(X).  { A = X; }
%type offset {struct mr_sql_expr *}
offset(A) ::= .                { A = NULL; }
offset(A) ::= OFFSET expr(X).  { A = X; }

/* ---- relations ---- */

%type relations {struct mr_sql_relation *}
relations(A) ::= relation(R).                     { A = R; }
relations(A) ::= relations(X) COMMA relation(Y).
        { A = mr_sql_relation_join(p, X, mr_sql_join_new(MR_SQL_JOIN_CROSS, false), Y,
                                   mr_sql_join_on_none()); }
%type relation {struct mr_sql_relation *}
relation(A) ::= atom(R).                                   { A = R; }
relation(A) ::= relation(X) join(J) JOIN atom(Y) join_on(O).
        { A = mr_sql_relation_join(p, X, J, Y, O); }
relation(A) ::= relation(X) LATERAL VIEW outer(U) qname(F) LP args(L) RP(E) name(N) viewcols(C).
        { A = mr_sql_relation_view(p, X, U, F, L, E, N, C); }
relation(A) ::= relation(X) LATERAL VIEW outer(U) qname(F) LP args(L) RP(E) AS names(C). [LOW]
        { A = mr_sql_relation_view(p, X, U, F, L, E, NULL, C); }
%type outer {bool}
outer(A) ::= .       { A = false; }
outer(A) ::= OUTER.  { A = true; }
%type viewcols {struct mr_sql_names}
viewcols(A) ::= .              [LOW] { A = mr_sql_names_none(); }
viewcols(A) ::= AS names(L).   [LOW] { A = L; }

%type join {struct mr_sql_join}
join(A) ::= jointype(K).          { A = mr_sql_join_new(K, false); }
join(A) ::= NATURAL jointype(K).  { A = mr_sql_join_new(K, true); }
%type jointype {mr_sql_join_kind}
jointype(A) ::= .            { A = MR_SQL_JOIN_INNER; }
jointype(A) ::= INNER.       { A = MR_SQL_JOIN_INNER; }
jointype(A) ::= CROSS.       { A = MR_SQL_JOIN_CROSS; }
jointype(A) ::= LEFT outer.  { A = MR_SQL_JOIN_LEFT; }
jointype(A) ::= RIGHT outer. { A = MR_SQL_JOIN_RIGHT; }
jointype(A) ::= FULL outer.  { A = MR_SQL_JOIN_FULL; }
jointype(A) ::= SEMI.        { A = MR_SQL_JOIN_LEFT_SEMI; }
jointype(A) ::= LEFT SEMI.   { A = MR_SQL_JOIN_LEFT_SEMI; }
jointype(A) ::= ANTI.        { A = MR_SQL_JOIN_LEFT_ANTI; }
jointype(A) ::= LEFT ANTI.   { A = MR_SQL_JOIN_LEFT_ANTI; }
%type join_on {struct mr_sql_join_on}
join_on(A) ::= .                       { A = mr_sql_join_on_none(); }
join_on(A) ::= ON expr(X).             { A = mr_sql_join_on_new(X, mr_sql_names_none()); }
join_on(A) ::= USING LP names(L) RP.   { A = mr_sql_join_on_new(NULL, L); }

%type plain {struct mr_sql_relation *}
plain(A) ::= qname(Q) options(O) asof(V).      { A = mr_sql_relation_table(p, Q, O, V); }
plain(A) ::= qname(Q) LP args(L) RP(E).        { A = mr_sql_relation_call(p, Q, L, E); }
%type source {struct mr_sql_relation *}
source(A) ::= plain(R).                                  { A = R; }
source(A) ::= STREAM(T) plain(R).                        { A = mr_sql_relation_stream(R, T, NULL); }
source(A) ::= STREAM(T) LP plain(R) RP(E) options(O).
        { A = mr_sql_relation_options(mr_sql_relation_stream(R, T, E), O); }
%type asof {struct mr_sql_asof}
asof(A) ::= .                            { A = mr_sql_asof_none(); }
asof(A) ::= VERSION AS OF value(X).      { A = mr_sql_asof_new(X, NULL); }
asof(A) ::= TIMESTAMP AS OF value(X).    { A = mr_sql_asof_new(NULL, X); }
%type options {struct mr_sql_properties}
options(A) ::= .                         { A = mr_sql_properties_none(); }
options(A) ::= WITH LP props(L) RP.      { A = L; }

%type atom {struct mr_sql_relation *}
atom(A) ::= source(R) watermark(W) dedup(D) alias(L).
        { A = mr_sql_relation_finish(p, R, W, D, L); }
atom(A) ::= subquery(Q) watermark(W) dedup(D) alias(L).
        { A = mr_sql_relation_finish(p, mr_sql_relation_query(p, Q), W, D, L); }
atom(A) ::= LP(B) relation(R) RP(E) alias(L).
        { A = mr_sql_relation_finish(p, mr_sql_relation_nested(p, B, R, E), NULL, NULL, L); }
atom(A) ::= VALUES(T) exprs(V) alias(L).
        { A = mr_sql_relation_finish(p, mr_sql_relation_query(p, mr_sql_query_values(p, T, V)),
                                     NULL, NULL, L); }
atom(A) ::= LATERAL subquery(Q) alias(L).

        { A = mr_sql_relation_finish(p, mr_sql_relation_lateral(mr_sql_relation_query(p, Q)),
                                     NULL, NULL, L); }
atom(A) ::= LATERAL plain(R) alias(L).
        { A = mr_sql_relation_finish(p, mr_sql_relation_lateral(R), NULL, NULL, L); }

%type alias {struct mr_sql_alias}
alias(A) ::= .                           [LOWEST] { A = mr_sql_alias_none(); }
alias(A) ::= name(N) aliascols(L).       { A = mr_sql_alias_new(N, L); }
alias(A) ::= AS name(N) aliascols(L).    { A = mr_sql_alias_new(N, L); }
%type aliascols {struct mr_sql_names}
aliascols(A) ::= .                [LOW] { A = mr_sql_names_none(); }
aliascols(A) ::= LP names(L) RP.  { A = L; }

%type watermark {struct mr_sql_watermark *}
watermark(A) ::= .                       [LOW] { A = NULL; }
watermark(A) ::= WATERMARK expr(X) asname(N) DELAY OF interval(I) idle(D).
        { A = mr_sql_watermark_new(p, X, N, I, D); }
%type asname {struct mr_sql_name *}
asname(A) ::= .            { A = NULL; }
asname(A) ::= AS name(N).  { A = N; }
%type idle {struct mr_sql_expr *}
idle(A) ::= .                          [LOW] { A = NULL; }
idle(A) ::= IDLE AFTER interval(I). { A = I; }
%type dedup {struct mr_sql_dedup *}
dedup(A) ::= .                                     [LOW] { A = NULL; }
dedup(A) ::= DEDUPLICATE BY LP exprs(L) RP within(W). { A = mr_sql_dedup_new(p, L, W); }
%type within {bool}
within(A) ::= .                  [LOW] { A = false; }
within(A) ::= WITHIN WATERMARK.  { A = true; }

/* ---- properties ---- */

%type props {struct mr_sql_properties}
props(A) ::= prop(X).                 { A = mr_sql_properties_add(mr_sql_properties_none(), X); }
props(A) ::= props(L) COMMA prop(X).  { A = mr_sql_properties_add(L, X); }
%type prop {struct mr_sql_property *}
prop(A) ::= propkey(K).                 { A = mr_sql_property_new(p, K, mr_sql_string_none()); }
prop(A) ::= propkey(K) propvalue(V).    { A = mr_sql_property_new(p, K, V); }
prop(A) ::= propkey(K) EQ propvalue(V). { A = mr_sql_property_new(p, K, V); }
%type propkey {struct mr_sql_string}
propkey(A) ::= qname(Q).   { A = mr_sql_string_of_names(p, Q); }
propkey(A) ::= STRING(T).  { A = mr_sql_string_new(p, T); }
%type propvalue {struct mr_sql_string}
propvalue(A) ::= STRING(T).                { A = mr_sql_string_new(p, T); }
propvalue(A) ::= TRUE(T).                  { A = mr_sql_string_word(p, T); }
propvalue(A) ::= FALSE(T).                 { A = mr_sql_string_word(p, T); }
propvalue(A) ::= sign(N) INTEGER(T).       { A = mr_sql_string_number(p, N, T); }
propvalue(A) ::= sign(N) NUMBER(T).        { A = mr_sql_string_number(p, N, T); }

/* ---- statements ---- */

%type statement {struct mr_sql_statement *}
statement(A) ::= query(Q).                { A = mr_sql_statement_query(p, Q); }
statement(A) ::= dataset(D).              { A = mr_sql_statement_dataset(p, D); }
statement(A) ::= CREATE FLOW qname(Q) comment(S) AS flow(F).
        { A = mr_sql_statement_flow(p, Q, S, F); }
statement(A) ::= cdc_into(F).
        { A = mr_sql_statement_flow(p, mr_sql_names_none(), mr_sql_string_none(), F); }
statement(A) ::= CREATE SINK if_not_exists(I) qname(Q) USING name(U) OPTIONS LP props(L) RP.
                                          { A = mr_sql_statement_sink(p, I, Q, U, L); }
statement(A) ::= SETTING(T).              { A = mr_sql_statement_set(p, T); }
statement(A) ::= SET CATALOG setname(N).
        { A = mr_sql_statement_name(p, MR_SQL_STATEMENT_SET_CATALOG, N); }
statement(A) ::= USE CATALOG setname(N).
        { A = mr_sql_statement_name(p, MR_SQL_STATEMENT_USE_CATALOG, N); }
statement(A) ::= USE schema qname(Q).
        { A = mr_sql_statement_name(p, MR_SQL_STATEMENT_USE, Q); }
statement(A) ::= USE qname(Q).
        { A = mr_sql_statement_name(p, MR_SQL_STATEMENT_USE, Q); }
schema ::= SCHEMA.
schema ::= DATABASE.
schema ::= NAMESPACE.
%type setname {struct mr_sql_names}
setname(A) ::= name(N).    { A = mr_sql_names_of(N); }
setname(A) ::= STRING(T).  { A = mr_sql_names_of(mr_sql_name_string(p, T)); }
%type comment {struct mr_sql_string}
comment(A) ::= .                   { A = mr_sql_string_none(); }
comment(A) ::= COMMENT string(S).  { A = S; }
%type if_not_exists {bool}
if_not_exists(A) ::= .               { A = false; }
if_not_exists(A) ::= IF NOT EXISTS.  { A = true; }

/* ---- statements about tables ---- */

statement(A) ::= EXPLAIN query(Q).           { A = mr_sql_statement_explain(p, false, false, Q); }
statement(A) ::= EXPLAIN EXTENDED query(Q).  { A = mr_sql_statement_explain(p, false, true, Q); }
statement(A) ::= EXPLAIN ANALYZE query(Q).   { A = mr_sql_statement_explain(p, true, false, Q); }

statement(A) ::= SHOW TABLES in_name(Q) pattern(S).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_TABLES, Q, S, mr_sql_string_none()); }
statement(A) ::= SHOW schemas in_name(Q) pattern(S).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_SCHEMAS, Q, S, mr_sql_string_none()); }
statement(A) ::= SHOW CATALOGS pattern(S).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_CATALOGS, mr_sql_names_none(), S,
                                    mr_sql_string_none()); }
statement(A) ::= SHOW FUNCTIONS pattern(S).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_FUNCTIONS, mr_sql_names_none(), S,
                                    mr_sql_string_none()); }
statement(A) ::= SHOW COLUMNS in qname(Q).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_COLUMNS, Q, mr_sql_string_none(),
                                    mr_sql_string_none()); }
statement(A) ::= SHOW TBLPROPERTIES qname(Q).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_PROPERTIES, Q, mr_sql_string_none(),
                                    mr_sql_string_none()); }
statement(A) ::= SHOW TBLPROPERTIES qname(Q) LP propkey(K) RP.
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_PROPERTIES, Q, mr_sql_string_none(), K); }
statement(A) ::= SHOW CREATE TABLE qname(Q).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_CREATE, Q, mr_sql_string_none(),
                                    mr_sql_string_none()); }
statement(A) ::= SHOW PARTITIONS qname(Q).
        { A = mr_sql_statement_show(p, MR_SQL_SHOW_PARTITIONS, Q, mr_sql_string_none(),
                                    mr_sql_string_none()); }
schemas ::= SCHEMAS.
schemas ::= DATABASES.
schemas ::= NAMESPACES.
in ::= IN.
in ::= FROM.
%type in_name {struct mr_sql_names}
in_name(A) ::= .             { A = mr_sql_names_none(); }
in_name(A) ::= in qname(Q).  { A = Q; }
%type pattern {struct mr_sql_string}
pattern(A) ::= .                { A = mr_sql_string_none(); }
pattern(A) ::= LIKE string(S).  { A = S; }
pattern(A) ::= string(S).       { A = S; }

statement(A) ::= describe table_word qname(Q).
        { A = mr_sql_statement_describe(p, MR_SQL_DESCRIBE_TABLE, false, Q, NULL); }
statement(A) ::= describe table_word EXTENDED qname(Q).
        { A = mr_sql_statement_describe(p, MR_SQL_DESCRIBE_TABLE, true, Q, NULL); }
statement(A) ::= describe HISTORY qname(Q) limit(L).
        { A = mr_sql_statement_describe(p, MR_SQL_DESCRIBE_HISTORY, false, Q, L); }
statement(A) ::= describe DETAIL qname(Q).
        { A = mr_sql_statement_describe(p, MR_SQL_DESCRIBE_DETAIL, false, Q, NULL); }
describe ::= DESCRIBE.
describe ::= DESC.
table_word ::= .       [LOW]
table_word ::= TABLE.

statement(A) ::= INSERT INTO table_word qname(Q) insert_columns(C) by_name(B) query(X).
        { A = mr_sql_statement_insert(p, false, Q, C, B, X); }
statement(A) ::= INSERT OVERWRITE table_word qname(Q) insert_columns(C) by_name(B) query(X).
        { A = mr_sql_statement_insert(p, true, Q, C, B, X); }
%type insert_columns {struct mr_sql_names}
insert_columns(A) ::= .                [LOW] { A = mr_sql_names_none(); }
insert_columns(A) ::= LP names(L) RP.  { A = L; }

statement(A) ::= DROP TABLE if_exists(I) qname(Q).
        { A = mr_sql_statement_drop(p, MR_SQL_OBJECT_TABLE, I, Q, false); }
statement(A) ::= DROP VIEW if_exists(I) qname(Q).
        { A = mr_sql_statement_drop(p, MR_SQL_OBJECT_VIEW, I, Q, false); }
statement(A) ::= DROP schema if_exists(I) qname(Q) cascade(C).
        { A = mr_sql_statement_drop(p, MR_SQL_OBJECT_SCHEMA, I, Q, C); }
statement(A) ::= CREATE schema if_not_exists(I) qname(Q).
        { A = mr_sql_statement_create_schema(p, I, Q); }
%type if_exists {bool}
if_exists(A) ::= .           { A = false; }
if_exists(A) ::= IF EXISTS.  { A = true; }
%type cascade {bool}
cascade(A) ::= .         { A = false; }
cascade(A) ::= CASCADE.  { A = true; }

statement(A) ::= ALTER TABLE qname(Q) SET TBLPROPERTIES LP props(L) RP.
        { A = mr_sql_statement_alter(p, MR_SQL_ALTER_SET_PROPERTIES, Q, false, L,
                                     mr_sql_addeds_none()); }
statement(A) ::= ALTER TABLE qname(Q) UNSET TBLPROPERTIES if_exists(I) LP props(L) RP.
        { A = mr_sql_statement_alter(p, MR_SQL_ALTER_UNSET_PROPERTIES, Q, I, L,
                                     mr_sql_addeds_none()); }
statement(A) ::= ALTER TABLE qname(Q) ADD column_word LP addeds(L) RP.
        { A = mr_sql_statement_alter(p, MR_SQL_ALTER_ADD_COLUMNS, Q, false,
                                     mr_sql_properties_none(), L); }
statement(A) ::= ALTER TABLE qname(Q) ADD column_word addeds(L).
        { A = mr_sql_statement_alter(p, MR_SQL_ALTER_ADD_COLUMNS, Q, false,
                                     mr_sql_properties_none(), L); }
column_word ::= COLUMN.
column_word ::= COLUMNS.
%type addeds {struct mr_sql_addeds}
addeds(A) ::= added(D).                  { A = mr_sql_addeds_add(mr_sql_addeds_none(), D); }
addeds(A) ::= addeds(L) COMMA added(D).  { A = mr_sql_addeds_add(L, D); }
%type added {struct mr_sql_added *}
added(A) ::= field(F).                { A = mr_sql_added_new(p, F, false, NULL); }
added(A) ::= field(F) FIRST.          { A = mr_sql_added_new(p, F, true, NULL); }
added(A) ::= field(F) AFTER name(N).  { A = mr_sql_added_new(p, F, false, N); }

%type dataset {struct mr_sql_dataset *}
dataset(A) ::= head(D).                { A = D; }
dataset(A) ::= head(D) AS query(Q).    { A = mr_sql_dataset_query(D, Q); }
dataset(A) ::= head(D) FLOW INSERT once(O) BY NAME query(Q). { A = mr_sql_dataset_flow(D, Q, O); }
dataset(A) ::= head(D) FLOW cdc_word once(O) FROM atom(R) cdc(C).
        { A = mr_sql_dataset_cdc(D, C, R, O); }

%type head {struct mr_sql_dataset *}
head(A) ::= CREATE replace(R) scope(S) kind(K) if_not_exists(I) qname(Q).
        { A = mr_sql_dataset_new(p, R, S, K, I, Q); }
head(A) ::= head(D) LP elements(L) RP(E).      { A = mr_sql_dataset_elements(p, D, &L, E); }
head(A) ::= head(D) USING name(N).             { A = mr_sql_dataset_using(p, D, N); }
head(A) ::= head(D) PARTITIONED BY LP exprs(L) RP. { A = mr_sql_dataset_partition(p, D, L); }
head(A) ::= head(D) CLUSTER(T) BY AUTO.
        { A = mr_sql_dataset_cluster(p, D, T, mr_sql_names_none()); }
head(A) ::= head(D) CLUSTER(T) BY LP paths(L) RP. { A = mr_sql_dataset_cluster(p, D, T, L); }
head(A) ::= head(D) COMMENT string(S).         { A = mr_sql_dataset_comment(p, D, S); }
head(A) ::= head(D) LOCATION STRING(T).
        { A = mr_sql_dataset_location(p, D, mr_sql_string_new(p, T)); }
head(A) ::= head(D) TBLPROPERTIES LP props(L) RP. { A = mr_sql_dataset_properties(p, D, L); }
head(A) ::= head(D) OPTIONS LP props(L) RP.    { A = mr_sql_dataset_options(p, D, L); }
head(A) ::= head(D) SCHEDULE_TEXT(T).          { A = mr_sql_dataset_schedule(p, D, T); }
head(A) ::= head(D) REFRESH POLICY(T) name(N). { A = mr_sql_dataset_refresh(p, D, T, N, NULL); }
head(A) ::= head(D) REFRESH POLICY(T) name(N) name(M).
        { A = mr_sql_dataset_refresh(p, D, T, N, M); }
head(A) ::= head(D) WITH ROW FILTER qname(Q) ON LP paths RP.
        { A = mr_sql_dataset_row_filter(p, D, Q); }

%type replace {int}
replace(A) ::= .            { A = MR_SQL_REPLACE_NONE; }
replace(A) ::= OR REFRESH.  { A = MR_SQL_REPLACE_REFRESH; }
replace(A) ::= OR REPLACE.  { A = MR_SQL_REPLACE_REPLACE; }
%type scope {int}
scope(A) ::= .           { A = MR_SQL_SCOPE_NONE; }
scope(A) ::= PRIVATE.    { A = MR_SQL_SCOPE_PRIVATE; }
scope(A) ::= TEMPORARY.  { A = MR_SQL_SCOPE_TEMPORARY; }
scope(A) ::= TEMP.       { A = MR_SQL_SCOPE_TEMPORARY; }
%type kind {struct mr_sql_kind}
kind(A) ::= STREAMING TABLE.       { A = mr_sql_kind_new(MR_SQL_DATASET_STREAMING_TABLE, false); }
kind(A) ::= STREAMING LIVE TABLE.  { A = mr_sql_kind_new(MR_SQL_DATASET_STREAMING_TABLE, true); }
kind(A) ::= LIVE TABLE.            { A = mr_sql_kind_new(MR_SQL_DATASET_MATERIALIZED_VIEW, true); }
kind(A) ::= MATERIALIZED VIEW.     { A = mr_sql_kind_new(MR_SQL_DATASET_MATERIALIZED_VIEW, false); }
kind(A) ::= VIEW.                  { A = mr_sql_kind_new(MR_SQL_DATASET_VIEW, false); }
kind(A) ::= LIVE VIEW.             { A = mr_sql_kind_new(MR_SQL_DATASET_VIEW, true); }
kind(A) ::= STREAMING VIEW.        { A = mr_sql_kind_new(MR_SQL_DATASET_STREAMING_VIEW, false); }
kind(A) ::= STREAMING LIVE VIEW.   { A = mr_sql_kind_new(MR_SQL_DATASET_STREAMING_VIEW, true); }
kind(A) ::= TABLE.                 { A = mr_sql_kind_new(MR_SQL_DATASET_TABLE, false); }

%type elements {struct mr_sql_elements}
elements(A) ::= element(X).                    { A = X; }
elements(A) ::= elements(L) COMMA element(X).  { A = mr_sql_elements_join(L, &X); }
%type element {struct mr_sql_elements}
element(A) ::= column(C).      { A = mr_sql_elements_column(C); }
element(A) ::= constraint(C).  { A = mr_sql_elements_constraint(C); }
%type column {struct mr_sql_column *}
column(A) ::= name(N).                   [LOW] { A = mr_sql_column_new(p, N, NULL); }
column(A) ::= name(N) COMMENT string(S).
        { A = mr_sql_column_comment(mr_sql_column_new(p, N, NULL), S); }
column(A) ::= name(N) type(T).                 { A = mr_sql_column_new(p, N, &T); }
column(A) ::= name(N) COLON type(T).           { A = mr_sql_column_new(p, N, &T); }
column(A) ::= column(C) NOT NULL.              { A = mr_sql_column_not_null(C); }
column(A) ::= column(C) COMMENT string(S).     { A = mr_sql_column_comment(C, S); }
column(A) ::= column(C) DEFAULT primary(X).    { A = mr_sql_column_default(C, X); }
column(A) ::= column(C) GENERATED ALWAYS AS LP expr(X) RP. { A = mr_sql_column_generated(C, X); }
column(A) ::= column(C) MASK qname(Q).         { A = mr_sql_column_mask(C, Q); }
column(A) ::= column(C) PRIMARY KEY.           { A = mr_sql_column_key(C); }
%type constraint {struct mr_sql_constraint *}
constraint(A) ::= CONSTRAINT(T) name(N) EXPECT LP(B) expr(X) RP(E) violation(V).
        { A = mr_sql_constraint_rule(p, T, MR_SQL_CONSTRAINT_EXPECT, N, B, X, E, V); }
constraint(A) ::= CONSTRAINT(T) name(N) CHECK LP(B) expr(X) RP(E).

        { A = mr_sql_constraint_rule(p, T, MR_SQL_CONSTRAINT_CHECK, N, B, X, E,
                                     mr_sql_violation_none()); }
constraint(A) ::= CONSTRAINT(T) name(N) PRIMARY KEY LP names(L) RP(E).
        { A = mr_sql_constraint_key(p, T, N, L, E); }
constraint(A) ::= PRIMARY(T) KEY LP names(L) RP(E).
        { A = mr_sql_constraint_key(p, T, NULL, L, E); }
%type violation {struct mr_sql_violated}
violation(A) ::= .                                    { A = mr_sql_violation_none(); }
violation(A) ::= ON VIOLATION DROP ROW.
        { A = mr_sql_violation_new(MR_SQL_VIOLATION_DROP_ROW); }
violation(A) ::= ON VIOLATION FAIL UPDATE.
        { A = mr_sql_violation_new(MR_SQL_VIOLATION_FAIL_UPDATE); }
violation(A) ::= ON VIOLATION QUARANTINE INTO qname(Q). { A = mr_sql_violation_into(Q); }

%type flow {struct mr_sql_flow *}
flow(A) ::= INSERT INTO qname(Q) by_name(B) query(X).
        { A = mr_sql_flow_insert(p, Q, false, B, NULL, X); }
flow(A) ::= INSERT INTO ONCE qname(Q) by_name(B) query(X).
        { A = mr_sql_flow_insert(p, Q, true, B, NULL, X); }
flow(A) ::= INSERT ONCE INTO qname(Q) by_name(B) query(X).
        { A = mr_sql_flow_insert(p, Q, true, B, NULL, X); }
flow(A) ::= INSERT INTO qname(Q) by_name(B) REPLACE WHERE expr(W) by_name(C) query(X).
        { A = mr_sql_flow_insert(p, Q, false, B || C, W, X); }
flow(A) ::= cdc_into(F).                                        { A = F; }
%type once {bool}
once(A) ::= .      { A = false; }
once(A) ::= ONCE.  { A = true; }
%type by_name {bool}
by_name(A) ::= .         { A = false; }
by_name(A) ::= BY NAME.  { A = true; }

%type cdc_into {struct mr_sql_flow *}
cdc_into(A) ::= cdc_word once(O) INTO qname(Q) FROM atom(R) cdc(C).
        { A = mr_sql_flow_cdc(p, Q, C, R, O); }
cdc_word ::= AUTO CDC.
cdc_word ::= APPLY CHANGES.

%type cdc {struct mr_sql_cdc *}
cdc(A) ::= KEYS(T) LP paths(L) RP.                     { A = mr_sql_cdc_new(p, T, L); }
cdc(A) ::= KEYS(T) paths(L).                           [LOW] { A = mr_sql_cdc_new(p, T, L); }
cdc(A) ::= cdc(C) APPLY AS DELETE WHEN expr(X).        { A = mr_sql_cdc_delete(C, X); }
cdc(A) ::= cdc(C) APPLY AS TRUNCATE WHEN expr(X).      { A = mr_sql_cdc_truncate(C, X); }
cdc(A) ::= cdc(C) SEQUENCE BY expr(X).                 { A = mr_sql_cdc_sequence(C, X); }
cdc(A) ::= cdc(C) COLUMNS STAR EXCEPT pathlist(L).     { A = mr_sql_cdc_columns(C, true, L); }
cdc(A) ::= cdc(C) COLUMNS pathlist(L).                 { A = mr_sql_cdc_columns(C, false, L); }
cdc(A) ::= cdc(C) STORED AS SCD TYPE INTEGER(T).       { A = mr_sql_cdc_scd(p, C, T); }
cdc(A) ::= cdc(C) TRACK HISTORY ON STAR EXCEPT pathlist(L). { A = mr_sql_cdc_history(C, true, L); }
cdc(A) ::= cdc(C) TRACK HISTORY ON pathlist(L).        { A = mr_sql_cdc_history(C, false, L); }
cdc(A) ::= cdc(C) IGNORE NULL UPDATES.
        { A = mr_sql_cdc_ignore(C, mr_sql_names_none()); }
cdc(A) ::= cdc(C) IGNORE NULL UPDATES ON pathlist(L).  { A = mr_sql_cdc_ignore(C, L); }

%code {
#include "core/sql/expect_inl.h"
}
