"""Prints which of the commands on standard input (a JSON list) are not PowerShell.

The grammar of tree-sitter lacks two things that PowerShell reads: lists of bare words as an
argument of a command (`Format-List A, B`), and `-name=value`. Both are made simpler first.
"""

import json
import re
import sys

import tree_sitter
import tree_sitter_powershell

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def simpler(command):
    out, quote, depth = [], None, 0
    for char in command:
        if quote:
            quote = None if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            char = " "
        out.append(char)
    return re.sub(r"(?<= )-[\w-]+=", "", "".join(out))


def is_wrong(node):
    return node.is_error or node.is_missing or any(is_wrong(child) for child in node.children)


commands = json.load(sys.stdin)
wrong = [one for one in commands if is_wrong(PARSER.parse(simpler(one).encode()).root_node)]
json.dump(wrong, sys.stdout)
