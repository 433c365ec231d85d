"""Code that does not load, as whoever writes it sees it in a browser."""

from playwright.sync_api import Page, expect

from browser.conftest import Serve

GOOD = """
from vedette import Definitions, SkipReason, job, op, sensor

@op
def work():
    pass

@job
def process():
    work()

@sensor(job=process)
def arrivals():
    return SkipReason("nothing")

defs = Definitions(jobs=[process], sensors=[arrivals])
"""


def test_code_that_does_not_load_is_told_on_the_first_screen_until_it_does(page: Page, serve: Serve) -> None:
    server = serve(GOOD)
    page.goto(server.address)
    expect(page.get_by_role("link", name="arrivals")).to_be_visible()
    server.write(GOOD.replace("return SkipReason", "retrun SkipReason"))
    told = page.get_by_role("region", name="project is not loaded")
    expect(told).to_contain_text("SyntaxError")
    # The sensors that were there before are still listed.
    expect(page.get_by_role("link", name="arrivals")).to_be_visible()
    server.write(GOOD)
    expect(told).to_have_count(0)
