"""Tests of the rules of a city: reading, checking and looking things up."""
