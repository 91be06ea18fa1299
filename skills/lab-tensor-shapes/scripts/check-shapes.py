#!/usr/bin/env python3
"""Runs a Python program and compares the shapes in its comments with the shapes that are really there.

    q = self.q(x).view(B, T, H, D)  # (B, T, H, D)
    y = q.mean(dim=2)               # (B, T, D)
    logits, cache = head(y)         # (B, T, V), _

A comment that ends a line with an assignment and is a shape in round brackets is a claim. A letter means the same size within one call of
a function; a figure is that size; "_" and "..." are anything; several names take one shape each. It reads `.shape`, so PyTorch, NumPy, JAX
and MLX all do. The program's first failed claim ends it with the place, what was claimed and what came.
Not covered: lines inside compiled graphs (switch torch.compile off), other threads, files outside of the current folder.
"""

import argparse
import ast
import re
import runpy
import sys
from pathlib import Path

SHAPE = r"\(\s*[\w.*]+(?:\s*,\s*[\w.*]+)*\s*,?\s*\)|_"
COMMENT = re.compile(rf"#\s*((?:{SHAPE})(?:\s*,\s*(?:{SHAPE}))*)\s*$")


def read_claims(path):
    """{line: [(name, [dimension])]} of a file: the line on which a statement ends, with the plain names that it assigns."""
    try:
        text = Path(path).read_text("utf8")
        module = ast.parse(text)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}
    lines, claims = text.splitlines(), {}
    for node in ast.walk(module):
        if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            continue
        match = COMMENT.search(lines[node.end_lineno - 1])
        target = node.targets[-1] if isinstance(node, ast.Assign) else node.target
        names = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        if not match or not match[1].startswith(("(", "_")):
            continue
        shapes = [None if one == "_" else re.findall(r"[\w.*]+", one) for one in re.findall(SHAPE, match[1])]
        if len(shapes) == len(names):
            pairs = [(name.id, shape) for name, shape in zip(names, shapes) if isinstance(name, ast.Name) and shape]
            claims[node.lineno] = (node.end_lineno, pairs)
    return claims


def compare(claimed, shape, sizes):
    """Why a shape does not fit; None where it does. Remembers what a letter stands for."""
    if "..." in claimed:
        gap = claimed.index("...")
        tail = len(claimed) - gap - 1
        if len(shape) < gap + tail:
            return f"{len(shape)} dimensions"
        claimed = claimed[:gap] + ["_"] * (len(shape) - gap - tail) + claimed[gap + 1 :]
    if len(claimed) != len(shape):
        return f"{len(shape)} dimensions, expected {len(claimed)}"
    for name, size in zip(claimed, shape):
        expected = int(name) if name.isdigit() else sizes.setdefault(name, size) if name.isidentifier() and name != "_" else size
        if expected != size:
            return f"{name} is {size}, expected {expected}" if not name.isdigit() else f"{size} in place of {name}"
    return None


class Checker:
    """Follows the lines of the program's own files that hold claims; `checked` counts the shapes compared."""

    def __init__(self, below):
        self.below, self.claims, self.checked = below, {}, 0

    def claims_of(self, path):
        if path not in self.claims:
            is_own = path.startswith(self.below) and "site-packages" not in path
            self.claims[path] = read_claims(path) if is_own else {}
        return self.claims[path]

    def trace(self, frame, event, _):
        claims = self.claims_of(frame.f_code.co_filename)
        # Without a claim in the file its lines are not followed, which would cost the most.
        if not claims:
            return None
        sizes, begun = {}, []

        def follow(current, what, _):
            if what == "exception":
                # The statement did not come to its end.
                begun.clear()
            elif what in ("line", "return"):
                line = current.f_lineno
                # A statement over several lines is over when another line comes, or its first one again.
                if begun and (what == "return" or not begun[0] < line <= claims[begun[0]][0]):
                    self.settle(current, begun.pop(), claims, sizes)
                if what == "line" and line in claims:
                    begun[:] = [line]
            return follow

        return follow

    def settle(self, frame, line, claims, sizes):
        for name, claimed in claims[line][1]:
            shape = getattr(frame.f_locals.get(name), "shape", None)
            if shape is None:
                continue
            self.checked += 1
            why = compare(claimed, tuple(int(size) for size in shape), sizes)
            if why:
                sys.settrace(None)
                place = f"{frame.f_code.co_filename}:{line}"
                raise SystemExit(f"shape error: {place}: {name} is {tuple(shape)}, claimed ({', '.join(claimed)}): {why}")


def main():
    parser = argparse.ArgumentParser(description="Run a program and check the shapes that its comments claim")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not Path(options.program).is_file():
        sys.exit(f"error: {options.program} is not there")
    sys.argv = [options.program, *options.arguments]
    sys.path.insert(0, str(Path(options.program).resolve().parent))
    checker = Checker(str(Path.cwd().resolve()))
    sys.settrace(checker.trace)
    try:
        runpy.run_path(str(Path(options.program).resolve()), run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    finally:
        sys.settrace(None)
    print(f"{checker.checked} shapes checked, all as claimed", file=sys.stderr)
    if checker.checked == 0:
        print("no claim was reached: write shapes as comments, x = f(y)  # (B, T, C)", file=sys.stderr)


if __name__ == "__main__":
    main()
