"""The manager of the API's workers, told to stop at the worst moment."""

import signal
import sys

import pytest

from tests.processes import Processes

MANAGER = """
import multiprocessing, os, signal, sys, time
from server.cli import RestartingManager, reset_signal_handlers

class Shared(dict):
    '''The state that processes share. Its connection demands one use after the other.'''
    is_used = was_told = False
    def __getitem__(self, name):
        assert not self.is_used, "used in the middle of another use"
        self.is_used = True
        if not self.was_told and sys._getframe(1).f_code.co_name == "_sync_states":
            self.was_told = True
            for _ in range(int(sys.argv[1])):
                os.kill(os.getpid(), signal.SIGTERM)
        self.is_used = False
        return super().__getitem__(name)

def serve(**_):
    signal.signal(signal.SIGINT, lambda *_: sys.exit())
    while True:
        time.sleep(0.01)

class Manager(RestartingManager):
    def _all_workers_ack(self):
        return True

os.register_at_fork(after_in_child=reset_signal_handlers)
subscriber, publisher = multiprocessing.Pipe(duplex=False)
Manager(1, serve, {}, multiprocessing.get_context("fork"), (publisher, subscriber), Shared()).run()
"""


@pytest.mark.parametrize(("signals", "code"), [(1, 0), (2, -signal.SIGKILL)])
def test_told_to_stop_in_the_middle_of_anything_it_ends_well_and_the_second_time_at_once(
    processes: Processes, signals: int, code: int
):
    manager = processes.start(sys.executable, "-c", MANAGER, str(signals))
    assert manager.ends_now() == code, manager.said
