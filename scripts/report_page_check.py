#!/usr/bin/env python3
"""Opens a report in a browser and reads its curves back as a person does, by pointing at them.

usage: PETITE_CHROMIUM=/usr/bin/chromium scripts/report_page_check.py REPORT.html HISTORY.csv [--to DIR]

HISTORY.csv is the history.csv of the first run in the report. With --to, screenshots at 390 and 1200 pixels, light and
dark, and a PDF of the printed page go to DIR. On these widths and on A4 it measures that nothing is cut off, wider than
its place, or broken into single letters. Exits with 1 and the reason if something is wrong. Needs
scripts/requirements/browser.txt and Chromium.
"""

import argparse
import csv
import os
import pathlib
import sys

from playwright.sync_api import sync_playwright

# Charts of a run, and the columns of their series.
CHARTS = [("acc", "val_acc"), ("loss", "val_loss")]

# Chromium's sandbox needs rights that containers lack; the page is our own.
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
# Width in pixels of A4 between the margins.
PAPER = 688

# What is wider than its place: an element whose contents reach beyond it and cannot be scrolled to by a bar that is
# drawn. And text of which lines have a few letters only.
FAULTS = """(may_scroll) => {
  const faults = [];
  const fault = (what, element) =>
    faults.push(`${what}: ${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 60)}`);
  for (const element of document.querySelectorAll("body *:not(svg, svg *, script, style)")) {
    const style = getComputedStyle(element);
    const { scrollWidth, clientWidth, offsetHeight, clientHeight } = element;
    if (style.display === "inline" || !clientWidth || scrollWidth <= clientWidth + 1) continue;
    const has_bar = style.overflowX === "auto" && offsetHeight - clientHeight >= 6;
    if (!may_scroll || !has_bar) fault(`${scrollWidth} pixels in a place of ${clientWidth}`, element);
  }
  for (const element of document.querySelectorAll("h1, h2, h3, p, td, th, figcaption, pre, .legend")) {
    const text = element.textContent.trim(), range = document.createRange(), inner = element.querySelector("span");
    if (inner && getComputedStyle(inner).writingMode !== "horizontal-tb") continue;
    range.selectNodeContents(element);
    const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.bottom / 4))).size;
    if (text.length >= 8 && text.length < 4 * (lines - 1)) fault(`${lines} lines for ${text.length} letters`, element);
  }
  return faults;
}"""


def check_places(page, width, may_scroll):
    """Whether everything is in its place, with bars only where `may_scroll`."""
    across = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert across[0] <= across[1], f"expected no scrolling sideways at {width} pixels, found {across}"
    faults = page.evaluate(FAULTS, may_scroll)
    assert not faults, f"expected everything in its place at {width} pixels, found " + "; ".join(faults[:5])


def check_curves(page, rows):
    """Points at every epoch of both charts, and compares what is shown with the history."""
    for chart, columns in zip(page.locator("section.run").first.locator(".chart").all(), CHARTS, strict=True):
        chart.scroll_into_view_if_needed()
        svg = chart.locator("> svg")
        box = svg.bounding_box()
        plot = chart.evaluate("chart => JSON.parse(chart.querySelector('script').textContent).plot")
        epochs = chart.evaluate("chart => JSON.parse(chart.querySelector('script').textContent).epochs")
        scale = box["width"] / svg.evaluate("svg => svg.viewBox.baseVal.width")
        for index, row in enumerate(rows):
            x = plot[0] + index / max(epochs - 1, 1) * (plot[2] - plot[0])
            page.mouse.move(box["x"] + x * scale, box["y"] + box["height"] / 2)
            shown = chart.locator(".values").inner_text().split("\n")
            assert shown[0] == f"epoch {row['epoch']}", shown
            for name, column, line in zip(("training", "validation"), columns, shown[1:]):
                expected = f"{name}: {float(row[column]):.4f}"
                assert abs(float(line.split()[-1]) - float(row[column])) <= 5.1e-5, (line, expected)
        page.mouse.move(0, 0)
        assert chart.locator(".values").is_hidden(), "expected no values without the pointer"


def look(chromium, arguments, rows, size, scheme):
    """Checks the page in a window of this size and color scheme, and that it asks nothing of anyone."""
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page = context.new_page()
    told, asked = [], []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(arguments.report.resolve().as_uri())
    check_curves(page, rows)
    check_places(page, size[0], may_scroll=size[0] < 600)
    broken = page.evaluate("[...document.images].filter(image => !image.naturalWidth).length")
    assert broken == 0, f"expected every picture to be shown, found {broken} that are not"
    assert not told, f"expected a silent console, found {told}"
    elsewhere = [url for url in asked[1:] if not url.startswith("data:")]
    assert not elsewhere, f"expected one file, found requests for {elsewhere}"
    if arguments.to:
        page.screenshot(path=arguments.to / f"report-{size[0]}-{scheme}.png", full_page=True)
        if size[0] > 1000 and scheme == "light":
            page.pdf(path=arguments.to / "report.pdf", format="A4")
    page.emulate_media(media="print")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)", f"expected white paper, found {paper}"
    page.set_viewport_size({"width": PAPER, "height": 970})
    check_places(page, PAPER, may_scroll=False)
    context.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("history", type=pathlib.Path)
    parser.add_argument("--to", type=pathlib.Path)
    arguments = parser.parse_args()
    with arguments.history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("PETITE_CHROMIUM"),
            args=ARGUMENTS,
            ignore_default_args=["--hide-scrollbars"],
        )
        for size in ((390, 844), (1200, 900)):
            for scheme in ("light", "dark"):
                look(chromium, arguments, rows, size, scheme)
        chromium.close()
    print("ok")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"error: {error}")
