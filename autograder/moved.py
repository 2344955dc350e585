"""Module names of the first edition, which notebooks, grades and scripts may still import.

Learners keep changed copies of notebooks for years, so each old name still works: a finder at the
end of `sys.meta_path` loads the new module. Python asks this finder only for modules that it does
not find otherwise.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

# Old module, then its new modules. If a module was split, a name comes from the first that has it.
_MOVED = """
blame monitor.sampler monitor.samples monitor.frames
clock monitor.thread_stats monitor.other_threads monitor.children
course.answers course.author.answers
course.asking course.learner.predict
course.auditing course.author.audit
course.badges course.author.badges
course.before course.learner.survey
course.building course.author.build course.author.diff
course.code_rules course.author.lint.code
course.comparing course.learner.compare
course.lab_rules course.author.lint.lab
course.lesson_rules course.author.lint.lesson
course.linting course.author.lint.course
course.notes course.store
course.picturing course.author.readme_figure
course.questions course.learner.questions
course.reading course.author.parse
course.releasing course.author.release course.unit
course.rendering course.author.render
course.renewing course.learner.renewal
course.saving course.learner.backup
course.scoring course.learner.progress
course.serving course.jupyterlab_server
course.showing course.learner.show
course.suite course.author.suite
course.testcell_rules course.author.lint.test_cell
course.toolbox course.author.toolbox course.unit
course.units course.unit
course.working course.learner.copies
drawing report.canvas
excuses monitor.attribution monitor.sample_summary
gateway_log report.gateway_log
grading.candidate grading.examination.candidate
grading.courses grading.nbgrader.course
grading.drivers grading.examination.drivers
grading.evidence grading.submission.evidence
grading.examiner grading.examination.examiner
grading.explaining grading.nbgrader.explain
grading.exporting grading.nbgrader.export
grading.feedback grading.nbgrader.feedback grading.nbgrader.preprocessors
grading.gradebook grading.nbgrader.gradebook \
    grading.nbgrader.fast_open grading.submission.assignment
grading.harmless grading.submission.sanitize
grading.intake grading.submission.intake
grading.landlock grading.jail.landlock
grading.marking grading.commands grading.check
grading.names grading.examination.handles
grading.outputs grading.examination.outputs
grading.preprocess grading.nbgrader.preprocessors
grading.remote grading.examination.candidate_proxy
grading.repair grading.submission.repair grading.submission.assignment
grading.room grading.jail.confine
grading.shell grading.examination.shell
grading.slot grading.batch.slot
grading.slots grading.batch.slots grading.examination.job
grading.submissions grading.batch.grade
grading.surroundings grading.examination.provenance
grading.syscalls grading.jail.linux
grading.validating grading.nbgrader.validate_button
grading.verdicts grading.examination.verdicts
grading.view grading.jail.filesystem
grading.witness grading.examination.witness
grading.zygote grading.examination.fork_server grading.examination.fork_client
heartbeat monitor.timer_probe
install_log environment.install_progress
installing environment.bootstrap
lanes monitor.task_trace
ownership monitor.ownership
painting report.plot
probe monitor.probe
pythons environment.pythons
running monitor.run monitor.errors
telling report.story
timeline report.timeline course.author.readme_figure
timer monitor.timerfd
unexamined monitor.kernel_guard
verbs cli
watching monitor.watch
world.caching world.databases.program_cache
world.database world.databases.database
world.debian world.databases.debian_package
world.dns world.servers.dns
world.http world.servers.http
world.keeper world.databases.keeper
world.listening world.servers.listen
world.mariadb world.databases.mariadb
world.meeting world.rendezvous
world.mysql_stand_in world.databases.mysql_stand_in
world.offers world.availability
world.onlookers world.observers
world.postgres world.databases.postgres
world.relay world.databases.proxy
world.sqlite_bytes world.servers.sqlite_bytes
world.sqlite_lock world.servers.sqlite_lock
world.sqlite_rows world.servers.sqlite_rows
"""

MOVED = {
    f"autograder.{old}": [f"autograder.{home}" for home in homes]
    for old, *homes in (line.split() for line in _MOVED.strip().splitlines())
}


class _Split(ModuleType):
    """Stands for a module of the first edition whose names are in several modules today."""

    def __getattr__(self, name: str) -> object:
        if not name.startswith("__"):
            for home in MOVED[self.__name__]:
                module = importlib.import_module(home)
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        """Register the new module, or a _Split of several, under the old name."""
        homes = MOVED[module.__name__]
        if len(homes) > 1:
            sys.modules[module.__name__] = _Split(module.__name__)
        else:
            sys.modules[module.__name__] = importlib.import_module(homes[0])


def install() -> None:
    """Make this process find the old names from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
