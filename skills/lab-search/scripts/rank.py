#!/usr/bin/env python3
"""Ranks the sections of a lab's ideas, reports, papers and journal by how near they are to a question.

Without further set-up it weighs words (TF-IDF over word stems and letter triples: finds "regularisation" for "regularize", not "dropout").
With LAB_EMBEDDINGS_URL (an OpenAI-compatible address such as http://127.0.0.1:11434/v1/embeddings) it compares meaning; the name of the
model is LAB_EMBEDDINGS_MODEL, a key, if one is needed, LAB_EMBEDDINGS_KEY. What was used is said on standard error.
Not covered: PDFs (said, and skipped), files over one megabyte.
"""

import argparse
import json
import math
import os
import re
import sys
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

PLACES = ["1_ideas", "9_reports", "0_docs/papers", "RESEARCH_JOURNAL.md"]
LARGEST_BYTES = 1_000_000
BATCH = 64


def read_sections(places):
    """(path, line, heading, text) of every section that has words; a file without headings is one section."""
    for place in places:
        root = Path(place)
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for path in files:
            if path.suffix == ".pdf":
                print(f"skipped {path}: a PDF; put its text beside it", file=sys.stderr)
            if path.suffix not in (".md", ".txt") or path.name.startswith("_") or not path.is_file():
                continue
            if path.stat().st_size > LARGEST_BYTES:
                print(f"skipped {path}: over {LARGEST_BYTES} bytes", file=sys.stderr)
                continue
            heading, begin, lines = path.stem, 1, []
            for number, line in enumerate(path.read_text("utf8", "replace").splitlines(), 1):
                if re.match(r"#{1,6} ", line):
                    if "".join(lines).strip():
                        yield str(path), begin, heading, "\n".join(lines)
                    heading, begin, lines = line.lstrip("# "), number, []
                else:
                    lines.append(line)
            if "".join(lines).strip():
                yield str(path), begin, heading, "\n".join(lines)


def count_terms(text):
    """Stems with weight 1 and letter triples with weight 0.2, so that other endings still meet."""
    terms = Counter()
    for word in re.findall(r"[a-z0-9]{2,}", text.lower()):
        stem = re.sub(r"(isation|ization|ations?|ings?|ers?|ed|es|s|e)$", "", word) if len(word) > 4 else word
        terms[stem] += 1.0
        for place in range(len(stem) - 2):
            terms["~" + stem[place : place + 3]] += 0.2
    return terms


def rank_by_words(query, texts):
    counts = [count_terms(text) for text in texts]
    frequency = Counter(term for count in counts for term in count)
    weight = {term: math.log((1 + len(texts)) / (1 + seen)) + 1 for term, seen in frequency.items()}

    def vector(count):
        parts = {term: (1 + math.log(1 + number)) * weight[term] for term, number in count.items() if term in weight}
        # Triples say less than whole words.
        parts = {term: value * (0.2 if term.startswith("~") else 1) for term, value in parts.items()}
        length = math.sqrt(sum(value * value for value in parts.values())) or 1
        return {term: value / length for term, value in parts.items()}

    asked = vector(count_terms(query))
    return [sum(value * asked.get(term, 0) for term, value in vector(count).items()) for count in counts]


def embed(texts, url):
    body = {"model": os.environ.get("LAB_EMBEDDINGS_MODEL", "nomic-embed-text"), "input": texts}
    headers = {"content-type": "application/json"}
    if os.environ.get("LAB_EMBEDDINGS_KEY"):
        headers["authorization"] = "Bearer " + os.environ["LAB_EMBEDDINGS_KEY"]
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        data = json.load(answer)["data"]
    return [entry["embedding"] for entry in sorted(data, key=lambda entry: entry["index"])]


def rank_by_meaning(query, texts, url):
    vectors = []
    for begin in range(0, len(texts), BATCH):
        vectors += embed([text[:8000] for text in texts[begin : begin + BATCH]], url)
    [asked] = embed([query], url)

    def cosine(one, other):
        length = math.sqrt(sum(x * x for x in one)) * math.sqrt(sum(x * x for x in other))
        return sum(x * y for x, y in zip(one, other)) / length if length else 0.0

    return [cosine(asked, vector) for vector in vectors]


def main():
    parser = argparse.ArgumentParser(description="Rank sections of a lab by how near they are to a question")
    parser.add_argument("query")
    parser.add_argument("--in", dest="places", action="append", help="folder or file (default: ideas, reports, papers, journal)")
    parser.add_argument("--top", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    places = options.places or [place for place in PLACES if Path(place).exists()]
    missing = [place for place in places if not Path(place).exists()]
    if missing or not places:
        sys.exit(f"error: {', '.join(missing) or 'none of ' + ', '.join(PLACES)} is not here; expected the root of a lab")
    sections = list(read_sections(places))
    if not sections:
        sys.exit(f"error: nothing to search in {', '.join(places)}")
    texts = [f"{heading}\n{text}" for _, _, heading, text in sections]
    url = os.environ.get("LAB_EMBEDDINGS_URL")
    try:
        scores = rank_by_meaning(options.query, texts, url) if url else rank_by_words(options.query, texts)
    except (urllib.error.URLError, OSError, KeyError, ValueError) as error:
        sys.exit(f"error: {url} gave no embeddings: {error}\nhint: unset LAB_EMBEDDINGS_URL to search by words")
    print(f"{len(sections)} sections, compared by {'meaning' if url else 'words alone'}", file=sys.stderr)
    best = sorted(zip(scores, sections), key=lambda pair: -pair[0])[: options.top]
    found = [
        {"score": round(score, 3), "path": path, "line": line, "heading": heading, "text": " ".join(text.split())[:160]}
        for score, (path, line, heading, text) in best
        if score > 0
    ]
    if options.json:
        print(json.dumps(found, indent=2))
    for entry in [] if options.json else found:
        print(f"{entry['score']:.3f}  {entry['path']}:{entry['line']}  {entry['heading']}\n       {entry['text']}")
    if not found:
        print("nothing is near", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
