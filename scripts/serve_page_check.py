#!/usr/bin/env python3
"""Uses the page of a running petite serve in a browser as a person does, and checks what it shows.

usage: PETITE_CHROMIUM=/usr/bin/chromium scripts/serve_page_check.py ADDRESS PICTURE… [--to DIR]

ADDRESS is what petite serve prints first. With --to, screenshots at 390 and 1280 pixels, light and dark,
go to DIR. Exits with 1 and the reason if something is wrong. Needs scripts/requirements/browser.txt and
Chromium.
"""

import argparse
import base64
import json
import os
import pathlib
import sys
import tempfile
import urllib.request

from playwright.sync_api import expect, sync_playwright

# Drops a file, as the browser does when a person lets go of it over the page.
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""


def answer_of(address, picture):
    request = urllib.request.Request(f"{address}predict", picture.read_bytes(), {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def check(page, address, pictures, bad):
    """Chooses the pictures, drops one more and a bad file, and compares with the server's answers."""
    page.goto(address)
    classes = json.load(urllib.request.urlopen(f"{address}health"))["classes"]
    expect(page.locator("#classes")).to_have_text(f"Which class is it: {', '.join(classes)}?")
    page.locator("#files").set_input_files([str(path) for path in pictures])
    cards = page.locator("#told > li")
    expect(cards).to_have_count(len(pictures))
    for path in pictures:
        told = answer_of(address, path)
        card = cards.filter(has=page.get_by_text(path.name, exact=True))
        expect(card.locator(".class")).to_have_text(told["class"])
        percents = [f"{100 * value:.2f} %" for value in told["probabilities"].values()][:5]
        shown = card.locator(".percent").all_text_contents()
        near = [abs(float(a[:-2]) - float(b[:-2])) <= 0.02 for a, b in zip(shown, percents)]
        assert len(shown) == len(percents) and all(near), (path, shown, percents)

    content = base64.b64encode(pictures[0].read_bytes()).decode()
    page.evaluate(DROP, ["dropped.jpg", content])
    dropped = cards.filter(has=page.get_by_text("dropped.jpg", exact=True))
    expect(dropped.locator(".class")).to_have_text(answer_of(address, pictures[0])["class"])
    page.locator("#files").set_input_files(str(bad))
    expect(page.locator(".bad")).to_contain_text("expected a picture, found text")
    # Text stays text.
    expect(cards.first.locator(".name")).to_have_text(bad.name)
    assert page.locator("#told b").count() == 0

    plain, heat = dropped.locator(".plain"), dropped.locator(".map")
    expect(plain).to_be_visible()
    expect(heat).to_be_hidden()
    page.get_by_label("Grad-CAM").check()
    expect(heat).to_be_visible()
    expect(plain).to_be_hidden()
    assert heat.evaluate("image => image.naturalWidth") > 0
    across = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert across[0] <= across[1], f"expected no scrolling sideways, found {across}"


def look(chromium, arguments, bad, size, scheme):
    """Checks the page in a window of this size and color scheme, and what it asks of whom."""
    viewport = {"width": size[0], "height": size[1]}
    context = chromium.new_context(viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    faults, asked = [], []
    page.on("console", lambda text: faults.append(text.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    check(page, arguments.address, arguments.pictures, bad)
    # The browser reports the status of the bad picture.
    faults = [text for text in faults if "400 (Bad Request)" not in text]
    assert not faults, faults
    own = (arguments.address, "blob:", "data:")
    assert all(url.startswith(own) for url in asked), asked
    if arguments.to:
        arguments.to.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=arguments.to / f"{size[0]}-{scheme}.png", full_page=True)
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator("#told > li")).to_have_count(0)
    context.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("address")
    parser.add_argument("pictures", type=pathlib.Path, nargs="+")
    parser.add_argument("--to", type=pathlib.Path)
    arguments = parser.parse_args()
    browser = os.environ.get("PETITE_CHROMIUM")
    if not browser:
        print("skipped: PETITE_CHROMIUM names no browser")
        return
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        # A name that would be bold as HTML; as root, Chromium's sandbox does not work.
        bad = pathlib.Path(folder) / "<b>bold.jpg"
        bad.write_text("no picture")
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for width, height in [(390, 844), (1280, 800)]:
            for scheme in ["light", "dark"]:
                look(chromium, arguments, bad, (width, height), scheme)
        chromium.close()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
