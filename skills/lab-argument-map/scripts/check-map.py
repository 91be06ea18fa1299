#!/usr/bin/env python3
"""Checks an argument map: its form, that every source is there, and that every quotation stands in its source word for word.

    [Claim]: a sentence that can be false. {credence: 0.6}
      + <Reason>: what speaks for it. {source: 9_reports/x.md, quote: "words of the file"}
        - <Objection>: what speaks against the reason. {source: job 12}
      - <Other reason>: what speaks against the claim. {source: https://arxiv.org/abs/2401.00001}

Two spaces a level. A claim has a credence from 0 to 1; a reason has a source or reasons below it. A source is a file of the lab (a quotation
is looked up in it), "job N", "commit HASH" (looked up in git) or an address (not opened). Says where only one side is argued.
Not covered: whether a reason is a good one.
"""

import re
import subprocess
import sys
from pathlib import Path

LINE = re.compile(r"^(?P<indent> *)(?P<sign>[+-] )?(?P<open>[\[<])(?P<title>[^\]>]+)[\]>]: (?P<text>.*?)(?: \{(?P<facts>.*)\})?$")
FACT = re.compile(r'(\w+): *("(?:[^"\\]|\\.)*"|[^,]+)')


def parse(path):
    nodes, problems, stack = [], [], []
    for number, line in enumerate(Path(path).read_text("utf8").splitlines(), 1):
        if not line.strip() or line.startswith(("#", "//", "===", "```")):
            continue
        match = LINE.match(line)
        if not match:
            problems.append((number, "is no claim and no reason, expected [Claim]: … or + <Reason>: …"))
            continue
        level = len(match["indent"]) // 2
        facts = {key: value.strip().strip('"') for key, value in FACT.findall(match["facts"] or "")}
        node = {"line": number, "level": level, "sign": (match["sign"] or "").strip(), "title": match["title"], "facts": facts, "below": []}
        node["isClaim"] = match["open"] == "[" and not node["sign"]
        if len(match["indent"]) % 2 or level > len(stack):
            problems.append((number, "is indented by a step of its own, expected two spaces below what it speaks to"))
            continue
        del stack[level:]
        if stack:
            stack[-1]["below"].append(node)
            if not node["sign"]:
                problems.append((number, "has no sign, expected + (for) or - (against) before it"))
        elif not node["isClaim"]:
            problems.append((number, "stands alone, expected below the claim that it speaks to"))
        stack.append(node)
        nodes.append(node)
    return nodes, problems


def normalise(text):
    return " ".join(text.split())


def check_source(node):
    source, quote = node["facts"].get("source"), node["facts"].get("quote")
    if source is None:
        return [] if node["below"] or node["isClaim"] else ["has no source and no reason below it"]
    commit = re.fullmatch(r"commit ([0-9a-f]{7,40})", source)
    if commit:
        known = subprocess.run(["git", "cat-file", "-e", commit[1] + "^{commit}"], capture_output=True, check=False)
        return [] if known.returncode == 0 else [f"names a commit that git does not know: {commit[1]}"]
    if re.match(r"https?://", source) or re.fullmatch(r"job \d+", source):
        return []
    if not Path(source).is_file():
        return [f"names the source {source}, which is not there"]
    if quote is None:
        return [f"cites {source} without a quotation"]
    whole = normalise(Path(source).read_text("utf8", "replace"))
    return [] if normalise(quote) in whole else [f'quotes "{quote}", which does not stand in {source}']


def check(path):
    nodes, problems = parse(path)
    if not nodes and not problems:
        problems.append((1, "holds no claim"))
    for node in nodes:
        problems += [(node["line"], message) for message in check_source(node)]
        if not node["isClaim"]:
            continue
        try:
            credence = float(node["facts"].get("credence", "nan"))
        except ValueError:
            credence = float("nan")
        if not 0 <= credence <= 1:
            problems.append((node["line"], "has no credence from 0 to 1"))
        signs = {child["sign"] for child in node["below"]}
        if signs != {"+", "-"}:
            problems.append((node["line"], "is argued from one side only, expected what speaks for it and what against"))
    return nodes, sorted(problems)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: check-map.py FILE…")
    failed = False
    for path in sys.argv[1:]:
        if not Path(path).is_file():
            sys.exit(f"error: {path} is not there")
        nodes, problems = check(path)
        for line, message in problems:
            print(f"{path}:{line}: {message}")
        claims = sum(node["isClaim"] for node in nodes)
        print(f"{path}: {claims} claims, {len(nodes) - claims} reasons, {len(problems)} problems", file=sys.stderr)
        failed = failed or bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
