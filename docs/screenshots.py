"""Takes the pictures of the report that the documentation shows, from the sample trail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"


def main() -> None:
    """Write docs/images/report-light.png, report-dark.png and attack.png, what is covered."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = Path(sys.executable).with_name("trailhound")
        for command in (["run", ROOT / "tests/logs/sample"], ["report", "-o", "report.html"]):
            subprocess.run([program, *command, "--quiet"], cwd=folder, check=True)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1280, "height": 1400}, color_scheme=scheme)
            page.goto(f"file://{folder}/report.html")
            page.wait_for_timeout(500)
            page.screenshot(path=ROOT / f"docs/images/report-{scheme}.png")
        page = browser.new_page(viewport={"width": 1800, "height": 1400}, color_scheme="light")
        page.goto(f"file://{folder}/report.html")
        page.locator("#attack").screenshot(path=ROOT / "docs/images/attack.png")
        browser.close()


if __name__ == "__main__":
    main()
