"""One topic, one writer; one fact, one topic."""

from __future__ import annotations

from services import events
from services.events import FACTS, SOURCES, TOPICS, Event, Fact, topic_of

#: Facts inside facts: they never stand on a topic by themselves.
PARTS = {
    events.Candidate,
    events.Proactive,
    events.Summons,
    events.TimelineStep,
    events.Whistle,
    events.Coordination,
    events.Approval,
    events.Wording,
}


def test_every_fact_stands_on_exactly_one_topic() -> None:
    """Readers find a fact by its topic; on two it would be applied twice."""
    placed = [fact for topic in TOPICS for fact in topic.facts]
    exported = {
        one
        for name in events.__all__
        if isinstance(one := getattr(events, name), type) and issubclass(one, Fact)
    }
    assert len(placed) == len(set(placed))
    assert set(placed) == exported - PARTS - {Fact}
    assert all(fact in topic_of(fact).facts for fact in placed)


def test_every_topic_has_a_writer_of_its_own() -> None:
    """The sequence is counted per writer; a second writer would count it anew."""
    assert [topic.source for topic in TOPICS] == list(SOURCES)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


def test_types_are_named_after_their_facts() -> None:
    """The type in the envelope is how a reader finds the class."""
    assert {name: fact.__name__ for name, fact in FACTS.items()} == {
        f"whistle.{fact.__name__}": fact.__name__ for topic in TOPICS for fact in topic.facts
    }


def test_attributes_of_the_envelope_are_named_as_cloudevents_allows() -> None:
    """CloudEvents 1.0.2, "Attribute Naming Convention": lower-case letters and digits only."""
    assert [name for name in Event.model_fields if not (name.isalnum() and name.islower())] == []
    assert max(len(name) for name in Event.model_fields) <= 20
