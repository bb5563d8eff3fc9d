"""Land the files of an ingestion date and nothing else; a process of its own, to be measured."""

import datetime
import os
import sys
import uuid
from pathlib import Path

import dagster as dg

from identity_pipeline.config import load_environment
from identity_pipeline.defs.automation import INGEST
from identity_pipeline.defs.console import QUIET, dagster_home
from identity_pipeline.defs.location import Home, definitions_of
from identity_pipeline.defs.profile import profiling

environment_folder, home_folder, date = sys.argv[1:]
environment = load_environment(Path(environment_folder).resolve())
home = Home(Path(home_folder).resolve(), environment.name)
os.environ["DAGSTER_HOME"] = str(dagster_home(home.folder))
day, run_id = datetime.date.fromisoformat(date), str(uuid.uuid4())
with dg.DagsterInstance.get() as instance, profiling(day) as noted:
    instance.add_event_listener(run_id, noted)
    job = definitions_of(environment, home, through=day).resolve_job_def(INGEST)
    job.execute_in_process(instance=instance, partition_key=date, run_config=QUIET, run_id=run_id)
