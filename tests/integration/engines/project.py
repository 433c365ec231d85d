"""The project of the engines' tests: its ops write what they do, a line each, into a file."""

PROJECT = """
import os, subprocess, time
from vedette import *

LEDGER = {ledger!r}
# version: {version}

def note(line):
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (line + "\\n").encode())
    os.close(descriptor)

def lines(word):
    with open(LEDGER) as ledger:
        return [line for line in ledger.read().splitlines() if word in line]

@op
def succeed(context: OpExecutionContext):
    note(f"{{context.run_id}} done {{os.getpid()}} {{os.environ.get('VEDETTE_DATABASE_URL', 'no url')}}")
    context.log.info("hello from the op")
    return 1

@op
def use(number):
    print("printed", number + 1)

@job
def succeeds():
    use(succeed())

@op
def fail():
    raise ValueError("no such table: orders")

@job
def fails():
    fail()

@op
def leave():
    os._exit(3)

@job
def exits():
    leave()

class NameConfig(Config):
    name: str

@op
def greet(config: NameConfig):
    note("greeted")

@job
def greets():
    greet()

@op
def wait_long(context: OpExecutionContext):
    context.log.info("the wait begins")
    note(f"waiting {{os.getpid()}}")
    try:
        time.sleep(600)
    finally:
        note("cleaned up")

@job
def waits():
    wait_long()

@op
def start_another():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    note(f"started {{os.getpid()}} {{child.pid}}")
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            note("ignored")

@job
def starts_another():
    start_another()

@op
def finish_second(context: OpExecutionContext):
    note(f"{{context.run_id}} began {{os.getpid()}}")
    if len(lines(context.run_id + " began")) == 1:
        time.sleep(600)
    note(f"{{context.run_id}} ended")

@job(on_interrupted="retry")
def retries():
    finish_second()

@op
def talk():
    for number in range(20_000):
        print(f"line {{number}} " + 80 * "x")

@job
def talks():
    talk()

@op
def wait_for_word():
    note("ready")
    while not lines("go on"):
        time.sleep(0.05)

@job
def waits_for_word():
    wait_for_word()

@op
def enter(context: OpExecutionContext):
    note(f"{{context.run_id}} enters")
    time.sleep(0.3)
    note(f"{{context.run_id}} leaves")

@job(compute=Compute(gpu=1))
def takes_all():
    enter()

@job(compute=Compute(gpu=64))
def takes_too_much():
    enter()

@op
def fill():
    bytearray(700 * 2**20)

@job(compute=Compute(memory="200MB"))
def fills():
    fill()

@job(engine_options={{"dask": {{"twice": True}}}})
def comes_twice():
    enter()

@job(engine_options={{"dask": {{"colour": "red"}}, "ray": {{"colour": "red"}}}})
def asks_for_red():
    enter()
"""


def project(ledger: str, version: str = "1") -> str:
    """Return the project's code."""
    return PROJECT.format(ledger=ledger, version=version)
