#!/usr/bin/env python3
"""Asks a neural search service (Exa) and prints titles, addresses, dates and the passages that fit.

Needs EXA_API_KEY. EXA_API is another address of the same interface. What the service charged is said on standard error.
Not covered: opening the pages; other services.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request

API = os.environ.get("EXA_API", "https://api.exa.ai")


def main():
    parser = argparse.ArgumentParser(description="Search the web by meaning: describe the page that you hope to find")
    parser.add_argument("query")
    parser.add_argument("--max", type=int, default=8)
    parser.add_argument("--papers", action="store_true", help="research papers only")
    parser.add_argument("--since", metavar="YYYY-MM-DD", help="published on or after this day")
    parser.add_argument("--site", action="append", default=[], help="only from this domain; may be repeated")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    key = os.environ.get("EXA_API_KEY")
    if not key:
        sys.exit("error: EXA_API_KEY is not set; expected the key of an Exa account\nhint: the skill lab-arxiv searches without a key")
    body = {"query": options.query, "type": "auto", "numResults": options.max, "contents": {"highlights": True}}
    if options.papers:
        body["category"] = "research paper"
    if options.since:
        body["startPublishedDate"] = options.since + "T00:00:00.000Z"
    if options.site:
        body["includeDomains"] = options.site
    headers = {"content-type": "application/json", "x-api-key": key}
    request = urllib.request.Request(API + "/search", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        hint = {401: "the key is wrong", 402: "the account is empty", 429: "too many requests; wait"}.get(error.code, "")
        sys.exit(f"error: {API} answered {error.code}{': ' + hint if hint else ''}")
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        sys.exit(f"error: {API} cannot be reached: {error}\nhint: runs of the lab have no network; search outside of a run")
    results = found.get("results", [])
    if options.json:
        print(json.dumps(results, indent=2))
    for result in [] if options.json else results:
        print(f"{result.get('title') or 'without a title'}\n    {result.get('url')}  {(result.get('publishedDate') or '')[:10]}")
        for passage in result.get("highlights") or []:
            print(f"    > {' '.join(passage.split())[:300]}")
    cost = (found.get("costDollars") or {}).get("total")
    if cost is not None:
        print(f"cost: {cost} USD", file=sys.stderr)
    if not results:
        print("nothing found", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
