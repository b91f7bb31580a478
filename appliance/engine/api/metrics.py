"""The engine in Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ..job import Priority, State
from ..view import Counters, Health

if TYPE_CHECKING:
    from ..engine import Engine

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS = {
    "sonic_jobs_submitted": ("submitted", "jobs taken"),
    "sonic_jobs_done": ("done", "jobs whose video was made"),
    "sonic_jobs_failed": ("failed", "jobs that failed"),
    "sonic_jobs_deleted": ("deleted", "jobs deleted on request"),
    "sonic_jobs_expired": ("expired", "jobs removed by age or for space"),
    "sonic_worker_crashes": ("crashes", "times the worker died or had to be ended"),
    "sonic_frames": ("frames", "frames of finished videos"),
    "sonic_video_seconds": ("video_seconds", "length of finished videos"),
}
"""Name → field of `Counters`, meaning."""


async def metrics_text(engine: Engine) -> bytes:
    """Everything there is to measure, as of now."""
    registry = CollectorRegistry(auto_describe=False)
    states, waiting = await engine.jobs_by_state(), await engine.queue_by_priority()
    registry.register(_Snapshot(engine.counters, engine.health(), states, waiting))
    return generate_latest(registry)


class _Snapshot:
    """A collector of what was read before."""

    def __init__(
        self, counters: Counters, health: Health, states: Dict[State, int], waiting: Dict[Priority, int]
    ) -> None:
        self._counters, self._health, self._states, self._waiting = counters, health, states, waiting

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("sonic_jobs", "jobs in each state", labels=["state"])
        for state, count in self._states.items():
            jobs.add_metric([state.value], count)
        yield jobs
        queue = GaugeMetricFamily("sonic_queue", "jobs that wait", labels=["priority"])
        for priority, count in self._waiting.items():
            queue.add_metric([priority.name.lower()], count)
        yield queue
        for name, (field, meaning) in COUNTERS.items():
            yield CounterMetricFamily(name, meaning, getattr(self._counters, field))
        yield from self._stages()
        yield from self._machine()

    def _stages(self) -> Iterator[Metric]:
        seconds = CounterMetricFamily("sonic_stage_seconds", "time spent, of finished jobs", labels=["stage"])
        per_frame = GaugeMetricFamily("sonic_stage_ms_per_frame", "the same for one frame, ms", labels=["stage"])
        for stage, spent in sorted(self._counters.stage_seconds.items()):
            seconds.add_metric([stage], spent)
            if self._counters.frames:
                per_frame.add_metric([stage], 1000 * spent / self._counters.frames)
        yield seconds
        yield per_frame

    def _machine(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("sonic_worker", "1 for what the worker is", labels=["state"])
        up.add_metric([self._health.worker], 1)
        yield up
        if self._health.temperature is not None:
            yield GaugeMetricFamily("sonic_temperature_celsius", "of the hottest sensor", self._health.temperature)
        if self._health.free_bytes is not None:
            yield GaugeMetricFamily("sonic_disk_free_bytes", "of the disk with the jobs", self._health.free_bytes)
