"""Writes csv_cuts.txt: random records, and the values that univocity cuts them into when it is set
up as Spark does. Run it with the tests' Python, which has Spark's jars: csv_cuts.py COUNT SEED.
What the file looks like: tests/unit/core/format/csv/test_csv_cut.c."""
import pathlib
import random
import sys

from pyspark import SparkConf
from pyspark.java_gateway import launch_gateway

NULL, EMPTY = "<N>", "<E>"
DIALECTS = [  # options by their names, and the characters of records
    ({}, 'ab"\\,, '),
    ({"escape": '"'}, 'ab"",, '),
    ({"quote": "'", "escape": "'"}, "a'', \""),
    ({"escape": ""}, 'a"",\\ '),
    ({"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, 'ab"\\,  '),
    ({"ignoreLeadingWhiteSpace": "true", "escape": '"'}, 'ab"",  '),
    ({"ignoreTrailingWhiteSpace": "true", "escape": '"'}, 'ab"",  '),
    ({"charToEscapeQuoteEscaping": "\\"}, 'a"\\\\, '),
    ({"charToEscapeQuoteEscaping": "|"}, 'a"\\|, '),
    ({"multiLine": "true"}, 'ab"\\,\n '),
    ({"multiLine": "true", "escape": '"'}, 'ab"",\n '),
    ({"multiLine": "true", "escape": '"'}, ["a", '"', '"', ",", "\r\n"]),
    ({"multiLine": "true", "escape": '"', "comment": "#"}, 'a"",\n# '),
    ({"multiLine": "true", "ignoreLeadingWhiteSpace": "true",
      "ignoreTrailingWhiteSpace": "true"}, 'a"\\,\n '),
] + [({"unescapedQuoteHandling": handling, **escape}, 'ab"",, \\')
     for handling in ("STOP_AT_CLOSING_QUOTE", "SKIP_VALUE", "RAISE_ERROR", "BACK_TO_DELIMITER")
     for escape in ({}, {"escape": '"'})]


def parser(jvm, options):
    univocity = jvm.com.univocity.parsers.csv
    settings = univocity.CsvParserSettings()
    form = settings.getFormat()
    form.setDelimiter(options.get("sep", ","))
    form.setQuote(options.get("quote", '"'))
    form.setQuoteEscape(options.get("escape", "\\") or "\0")
    if "charToEscapeQuoteEscaping" in options:
        form.setCharToEscapeQuoteEscaping(options["charToEscapeQuoteEscaping"])
    if "comment" in options:
        form.setComment(options["comment"])
    else:
        settings.setCommentProcessingEnabled(False)
    settings.setReadInputOnSeparateThread(False)
    settings.setMaxColumns(20480)
    settings.setMaxCharsPerColumn(-1)
    settings.setNullValue(NULL)
    settings.setEmptyValue(EMPTY)
    settings.setIgnoreLeadingWhitespaces("ignoreLeadingWhiteSpace" in options)
    settings.setIgnoreTrailingWhitespaces("ignoreTrailingWhiteSpace" in options)
    settings.setUnescapedQuoteHandling(univocity.UnescapedQuoteHandling.valueOf(
        options.get("unescapedQuoteHandling", "STOP_AT_DELIMITER")))
    settings.setLineSeparatorDetectionEnabled("multiLine" in options)
    return univocity.CsvParser(settings)


def rows_of(jvm, options, text):
    cut = parser(jvm, options)
    if "multiLine" not in options:
        return [list(cut.parseLine(text))]
    cut.beginParsing(jvm.java.io.StringReader(text))
    rows = []
    while (row := cut.parseNext()) is not None:
        rows.append(list(row))
    return rows


def shown(value):
    return "N" if value in (None, NULL) else "E" if value in ("", EMPTY) else value.encode().hex()


def main(count, seed):
    jvm, rng, lines = launch_gateway(SparkConf()).jvm, random.Random(seed), []
    for options, alphabet in DIALECTS:
        lines.append("@ " + " ".join(f"{k}={v.encode().hex()}" for k, v in options.items()))
        done = 0
        while done < count:
            text = "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 14)))
            if "multiLine" not in options and not text.strip():
                continue  # blank lines never come to the parser
            try:
                rows = "|".join(",".join(map(shown, row)) for row in rows_of(jvm, options, text))
            except Exception:  # what the gateway makes of TextParsingException
                if "multiLine" in options:
                    continue  # it gives the file up, millrace the record
                rows = "!"
            if "ignoreTrailingWhiteSpace" in options:  # blanks alone: by where they stand null,
                rows = rows.replace("E", "N")  # the empty value or an error
                if rows == "!":
                    continue
            lines.append(f"{text.encode().hex()}\t{rows}")
            done += 1
    pathlib.Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
