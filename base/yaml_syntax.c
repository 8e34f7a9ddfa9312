/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_syntax.h"

#include <string.h>

#include "base/cleanup.h"

#define REMEDY_ESCAPE "write \\\\ for a backslash, or use single quotes"

static const struct yaml_complaint complaints[] = {
        { .problem = "could not find expected ':'",
                .msg = "a ':' is missing after the key",
                .remedy = "write \"key: value\" with a blank after the colon",
                .at_context = true },
        { .problem = "mapping values are not allowed in this context",
                .msg = "a ':' is not expected here",
                .remedy = "quote a text that contains a colon, or mend the indentation" },
        { .problem = "mapping keys are not allowed in this context",
                .msg = "a key is not expected here",
                .remedy = "mend the indentation" },
        { .problem = "block sequence entries are not allowed in this context",
                .msg = "a list item is not expected here",
                .remedy = "begin the list on a line of its own below its key" },
        { .problem = "found unexpected end of stream",
                .context = "while scanning a quoted scalar",
                .msg = "the quoted text is not closed",
                .remedy = "add the missing quote",
                .at_context = true },
        { .problem = "found unexpected document indicator",
                .context = "while scanning a quoted scalar",
                .msg = "the quoted text is not closed",
                .remedy = "add the missing quote",
                .at_context = true },
        { .problem = "found unknown escape character",
                .msg = "the escape after '\\' is unknown",
                .remedy = REMEDY_ESCAPE },
        { .problem = "did not find expected hexdecimal number",
                .msg = "the escape needs hexadecimal digits",
                .remedy = REMEDY_ESCAPE },
        { .problem = "found invalid Unicode character escape code",
                .msg = "the escape is half of a surrogate pair or no character at all",
                .remedy = "write the character itself, in UTF-8" },
        { .problem = "did not find expected alphabetic or numeric character",
                .context = "while scanning an alias",
                .msg = "'*' begins an alias here",
                .remedy = "quote the text: \"*\"",
                .at_context = true },
        { .problem = "did not find expected alphabetic or numeric character",
                .context = "while scanning an anchor",
                .msg = "'&' begins an anchor here",
                .remedy = "quote the text: \"&\"",
                .at_context = true },
        { .problem = "did not find expected comment or line break",
                .context = "while scanning a block scalar",
                .msg = "text is not expected after '|' or '>'",
                .remedy = "begin the text on the next line" },
        { .problem = "did not find expected <document start>",
                .msg = "text follows the end of the document",
                .remedy = "remove it, or separate documents by a line of three dashes" },
        { .problem = "did not find expected '-' indicator",
                .msg = "a list item is expected here",
                .remedy = "indent it like the items above and begin it with \"- \"" },
        { .problem = "did not find expected key",
                .msg = "a key is expected here",
                .remedy = "indent it like the keys beside it, and quote values with special "
                          "characters" },
        { .problem = "did not find expected ',' or ']'",
                .msg = "a ',' or ']' is expected here",
                .remedy = "close the list" },
        { .problem = "did not find expected ',' or '}'",
                .msg = "a ',' or '}' is expected here",
                .remedy = "close the mapping" },
        { .problem = "did not find expected node content",
                .msg = "a value is expected here",
                .remedy = "write one" },
        { .problem = "found character that cannot start any token",
                .msg = "a text cannot begin with this character",
                .remedy = "quote the text" },
        { .problem = "found undefined tag handle",
                .msg = "the tag is unknown",
                .remedy = "remove it, or quote the text if it begins with '!'" },
        { .problem = "found incompatible YAML document",
                .msg = "this version of YAML is not supported",
                .remedy = "remove the %YAML line" },
        { .problem = "control characters are not allowed",
                .msg = "control characters are not allowed",
                .remedy = "remove it, or write it as an escape in double quotes" },
};

const struct yaml_complaint *yaml_complaint_find(const char *problem, const char *context)
{
        for (size_t i = 0; i < ARRAY_SIZE(complaints); i++) {
                const struct yaml_complaint *row = &complaints[i];

                if (strcmp(problem, row->problem) == 0 &&
                        (!row->context || strcmp(context, row->context) == 0))
                        return row;
        }
        return NULL;
}
