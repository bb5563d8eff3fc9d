"""The console script `identity-pipeline`: its commands, by family."""

import typer

from identity_pipeline.commands import generate, look, plan, run, undo

app = typer.Typer(
    help="Unify customers, known and unknown, from files in a folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

COMMANDS = (
    run.run,
    run.validate,
    plan.plan,
    look.history,
    look.lookup,
    generate.generate,
    look.why,
    undo.never_match,
    undo.always_match,
    undo.forget_override,
    run.ui,
)
for command in COMMANDS:
    app.command()(command)

if __name__ == "__main__":
    app()
