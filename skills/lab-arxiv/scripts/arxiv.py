#!/usr/bin/env python3
"""Searches arXiv, and saves papers as pages of 0_docs/papers: title, authors, date, abstract, links.

One request in three seconds, as arXiv asks for. ARXIV_API is another address of the same interface.
Not covered: full texts (the page holds their links); more than 100 results of one search.
"""

import argparse
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as tree
from pathlib import Path

API = os.environ.get("ARXIV_API", "https://export.arxiv.org/api/query")
SPACE = {"atom": "http://www.w3.org/2005/Atom", "arxiv": "http://arxiv.org/schemas/atom"}
# At another address nobody is to be spared.
PAUSE_SECONDS = 3 if "ARXIV_API" not in os.environ else 0
MOST = 100


def fetch(parameters):
    url = API + "?" + urllib.parse.urlencode(parameters)
    for attempt in range(3):
        if attempt:
            time.sleep(PAUSE_SECONDS * 2**attempt)
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return tree.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"error: arXiv answered {error.code} to {url}")
        except (urllib.error.URLError, TimeoutError) as error:
            sys.exit(f"error: {url} cannot be reached: {error}\nhint: runs of the lab have no network; search outside of a run")
        except tree.ParseError as error:
            sys.exit(f"error: {url} answered with no Atom feed: {error}")
    sys.exit("error: arXiv asks to come back later (429); wait some minutes")


def one_line(text):
    return " ".join((text or "").split())


def read_entries(feed):
    for entry in feed.findall("atom:entry", SPACE):
        address = one_line(entry.findtext("atom:id", "", SPACE))
        # arXiv reports its own errors as an entry.
        if "/api/errors" in address:
            sys.exit(f"error: arXiv says: {one_line(entry.findtext('atom:summary', '', SPACE))}")
        yield {
            "id": re.sub(r"^.*/abs/", "", address),
            "title": one_line(entry.findtext("atom:title", "", SPACE)),
            "authors": [one_line(name.text) for name in entry.findall("atom:author/atom:name", SPACE)],
            "published": one_line(entry.findtext("atom:published", "", SPACE))[:10],
            "updated": one_line(entry.findtext("atom:updated", "", SPACE))[:10],
            "categories": [one.get("term") for one in entry.findall("atom:category", SPACE)],
            "comment": one_line(entry.findtext("arxiv:comment", "", SPACE)),
            "abstract": one_line(entry.findtext("atom:summary", "", SPACE)),
        }


def save(paper, folder):
    bare = re.sub(r"v\d+$", "", paper["id"])
    path = Path(folder) / (bare.replace("/", "-") + ".md")
    if path.exists():
        print(f"{path} is there already, left as it is", file=sys.stderr)
        return path
    lines = [
        f"# {paper['title']}",
        "",
        f"arXiv {paper['id']}, {paper['published']}, last changed {paper['updated']}, {', '.join(paper['categories'])}",
        "",
        ", ".join(paper["authors"]),
        "",
        "## Abstract",
        "",
        paper["abstract"],
        "",
        "## Links",
        "",
        f"- page: https://arxiv.org/abs/{paper['id']}",
        f"- text as HTML, where there is one: https://arxiv.org/html/{paper['id']}",
        f"- source: https://arxiv.org/src/{paper['id']}",
        "",
        "## What it says for this lab",
        "",
        "",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), "utf8")
    return path


def main():
    parser = argparse.ArgumentParser(description="Search arXiv, or save papers by their identifiers")
    parser.add_argument("query", nargs="*", help='words, or fields such as ti:"residual" AND cat:cs.LG')
    parser.add_argument("--get", action="append", default=[], metavar="ID", help="save this paper (2401.00001); may be repeated")
    parser.add_argument("--max", type=int, default=10)
    parser.add_argument("--newest", action="store_true", help="by date, not by relevance")
    parser.add_argument("--to", default="0_docs/papers", help="folder of the pages")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    query = " ".join(options.query)
    if bool(query) == bool(options.get):
        parser.error("expected words to search for, or --get ID")
    if options.get:
        papers = list(read_entries(fetch({"id_list": ",".join(options.get), "max_results": len(options.get)})))
        paths = [str(save(paper, options.to)) for paper in papers]
        print(json.dumps(paths) if options.json else "\n".join(paths))
        found = {re.sub(r"v\d+$", "", paper["id"]) for paper in papers}
        missing = [one for one in options.get if re.sub(r"v\d+$", "", one) not in found]
        return f"error: arXiv knows no {', '.join(missing)}" if missing else 0
    words = query if re.search(r"\b(ti|au|abs|co|jr|cat|rn|id|all):", query) else f"all:({query})"
    order = "submittedDate" if options.newest else "relevance"
    asked = {"search_query": words, "start": 0, "max_results": min(options.max, MOST), "sortBy": order}
    papers = list(read_entries(fetch(asked)))
    if options.json:
        print(json.dumps(papers, indent=2))
    for paper in [] if options.json else papers:
        print(f"{paper['id']}  {paper['published']}  {paper['title']}\n    {paper['abstract'][:200]}")
    if not papers:
        print("nothing found", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
