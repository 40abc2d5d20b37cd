"""Tests of the sandbox: the contract over real HTTP, and the reading of real pictures."""
