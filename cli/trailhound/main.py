"""The command line: names the commands, imports one only when it is asked for."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import click

from trailhound.errors import TrailhoundError, near_matches
from trailhound.options import SharedOption, shared_options
from trailhound.pipe import reader_may_leave
from trailhound.settings import Settings
from trailhound.text import visible, visible_lines


class Entry(NamedTuple):
    """Where a command's function is and the line that the list of commands shows."""

    target: str
    help: str


# In the order in which a newcomer needs them.
COMMANDS = {
    "run": Entry("run:run", "Load what is new, build every detection, print the alerts."),
    "load": Entry("load:load", "Only load CloudTrail files into the store."),
    "alerts": Entry("alerts:alerts", "Print stored alerts, filtered."),
    "incidents": Entry("alerts:incidents", "Print several acts of one actor, filtered."),
    "explain": Entry("explain:explain", "Say why an alert fired and what to do about it."),
    "events": Entry("events:events", "Search events, the oldest first."),
    "who": Entry("who:who", "Show where a credential comes from and what came of it."),
    "sql": Entry("sql:sql", "Run one read-only query on the store or on Trino."),
    "export": Entry("export:export", "Write alerts to a file or to stdout."),
    "report": Entry("report:report", "Write alerts and coverage as one HTML page."),
    "list": Entry("list:list_detections", "List the detections and the thresholds in force."),
    "show": Entry("show:show", "Show one detection in full."),
    "tune": Entry("tune:tune", "Show what other thresholds and windows would have given."),
    "doctor": Entry("doctor:doctor", "Say what the detections cannot see, and what to do."),
    "test": Entry("test:test", "Run the unit tests of some or all detections."),
    "notify": Entry("notify:notify", "Send new alerts to Slack, Teams, mail, a webhook."),
    "mcp": Entry("mcp:mcp", "Answer the questions of an assistant, read-only."),
    "simulate": Entry("simulate:simulate", "Write CloudTrail records that make a detection fire."),
    "files": Entry("files:files", "List the files that the store knows."),
    "ingest": Entry("ingest:ingest", "Hand on new files to a warehouse, each once."),
    "athena": Entry("athena:athena", "Set up and check the table that a warehouse reads."),
    "sigma": Entry("sigma:sigma", "Make detections of Sigma rules, or hunt with them."),
    "new": Entry("new:new", "Scaffold a detection that passes its tests."),
    "init": Entry("init:init", "Make a dbt project of your own, or bring one up to date."),
}


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what the user can mend into one line on stderr and its exit code."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        where = f" See '{error.ctx.command_path} --help'." if error.ctx else ""
        # click lists choices on lines of their own.
        message = " ".join(error.format_message().split())
        end = "" if message.endswith((".", "?", "!")) else "."
        raise Failure(f"{message}{end}{where}", error.exit_code) from error
    except KeyboardInterrupt as error:
        raise _interruption() from error
    except TrailhoundError as error:
        if _interrupted.is_set():
            raise _interruption() from error
        raise Failure(str(error), error.exit_code) from error
    except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        raise
    except Exception as error:
        if _interrupted.is_set():
            raise _interruption() from error
        if isinstance(error, OSError) and error.strerror:
            where = f"{error.filename}: " if error.filename else ""
            raise Failure(f"{where}{error.strerror}", 1) from error
        context = click.get_current_context(silent=True)
        settings = context.find_object(Settings) if context else None
        if settings is not None and settings.verbose:
            raise
        first_line = (str(error).splitlines() or [""])[0]
        raise Failure(
            f"unexpected {type(error).__name__}: {first_line} (--verbose shows where)", 1
        ) from error


# Where a library makes an error of its own of Ctrl-C, this still tells.
_interrupted = Event()


def _interrupt(*_: object) -> None:
    _interrupted.set()
    raise KeyboardInterrupt


def _interruption() -> Failure:
    return Failure("interrupted: run it again to go on", 128 + signal.SIGINT)


class Failure(click.ClickException):
    """What click prints as `Error: message` before it exits with the code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(visible_lines(message))
        self.exit_code = exit_code  # type: ignore[misc]


def _tell_other_version(settings: Settings) -> None:
    from trailhound.project.project import version_of

    made_by = version_of(settings.project_dir or Path.cwd())
    if made_by is None:
        return
    from trailhound import __version__

    if made_by != __version__:
        click.echo(
            f"trailhound {visible(str(made_by))} made this project, and this is {__version__}: "
            "`trailhound init --upgrade` there brings it up to date",
            err=True,
        )


class Command(click.Command):
    """A command whose help shows its example, and the shared options apart from its own."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; say before if the project at hand is of another version."""
        settings = ctx.find_object(Settings)
        if settings is not None and self.name != "init":
            _tell_other_version(settings)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example, the command's own options, then those of every command."""
        write_example(self.example, formatter)
        write_options(self, ctx, formatter)


def command(name: str, *, example: str) -> Callable[[Callable[..., Any]], Command]:
    """Decorate a function to be the command `name`, with the shared options."""

    def decorate(function: Callable[..., Any]) -> Command:
        with_options = shared_options(environment=False)(function)
        return click.command(name, cls=Command, example=example)(with_options)

    return decorate


class Commands(click.Group):
    """A group that finds its commands in COMMANDS and turns our errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All command names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the one command that is asked for."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name].target.split(":")
        found: click.Command = getattr(import_module(f"trailhound.commands.{module}"), function)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which commands a mistyped name resembles."""
        if args and args[0] not in COMMANDS:
            near = near_matches(args[0], COMMANDS)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"there is no command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the options before the command's name; what is wrong there is one line too."""
        with one_line_errors(), reader_may_leave():
            return super().make_context(*args, **kwargs)
        raise click.exceptions.Exit(0)  # nobody reads the help any more

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the rest and run the command."""
        with one_line_errors(), reader_may_leave():
            return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands from the registry, so that nothing is imported for it."""
        write_example("trailhound run logs/", formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])
        write_options(self, ctx, formatter)


def write_example(example: str, formatter: click.HelpFormatter) -> None:
    """Write the example lines as they would be typed."""
    with formatter.section("Example"):
        for line in example.splitlines():
            formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def write_options(
    made_for: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write a command's own options, then the options that every command has."""
    own: list[tuple[str, str]] = []
    everywhere: list[tuple[str, str]] = []
    for param in made_for.get_params(ctx):
        record = param.get_help_record(ctx)
        if record and not isinstance(param, click.Argument):
            (everywhere if isinstance(param, SharedOption) else own).append(record)
    if own:
        with formatter.section("Options"):
            formatter.write_dl(own)
    with formatter.section("Options everywhere"):
        formatter.write_dl(everywhere)


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=CONTEXT)
@shared_options(environment=True)
def cli() -> None:
    """Find threats in AWS CloudTrail logs with detections written as dbt SQL.

    Data goes to stdout, messages to stderr. Exit code 0: done, with alerts or without; 1: something
    failed; 2: wrong usage; 3: --fail-on found an alert, or doctor a problem; 4: the store is busy.
    """


def main() -> None:
    """Start the command line."""
    signal.signal(signal.SIGINT, _interrupt)
    cli(prog_name="trailhound")
