"""The pure core: what follows from an event, or from an instant that has passed.

`react` takes events, `react_due` deadlines. Both answer with a `Step` (a new case, facts,
clocks to start and stop) or say why nothing changes. No I/O, no clock: `now` is an argument.

Where things are: `case` is the state, `lifecycle` the tables of what may follow what,
`sla` turns a promise into an instant, `turn` gathers what one event does; `routing`,
`actions`, `citizens`, `callbacks` and `deadlines` hold one decision a function; `rates`
is the arithmetic of the three rates.
"""

from services.tracker.decide.react import react, react_due

__all__ = ["react", "react_due"]
