#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists what a kernel's verifier can say: verifier-messages.py KERNEL-TREE > Tests/VerifierLogTests/Messages/linux-VERSION.txt

Each line is a message's printf format, as written in the source, in the source's order, once. A tree is what a
linux-source package unpacks to. Messages that only tell what the verifier looks at (log level 2) are among them.
"""

import codecs
import pathlib
import re
import sys

# The verifier before Linux 7 is one file.
FILES = ["verifier.c", "check_btf.c", "cfg.c", "fixups.c", "btf.c"]
CALL = re.compile(r'\b(?:verbose|bpf_log|verbose_linfo)\s*\(\s*[\w>.&-]+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def messages(source):
    for call in CALL.finditer(COMMENT.sub("", source)):
        text = "".join(LITERAL.findall(call.group(1)))
        for line in codecs.decode(text, "unicode_escape").split("\n"):
            if re.search(r"[A-Za-z]", re.sub(r"%[-0-9.*lzh]*[a-zA-Z]", "", line)):
                yield line.strip()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]) / "kernel" / "bpf"
    if not (folder / "verifier.c").is_file():
        sys.exit(f"{folder}/verifier.c is missing: name the top of a kernel's source tree")
    said = dict.fromkeys(
        message for name in FILES if (folder / name).is_file() for message in messages((folder / name).read_text())
    )
    print("\n".join(said))


main()
