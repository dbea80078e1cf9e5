"""What each part of the store needs of the whole: transactions, and a way to tell of them."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import Connection


class Transactions(ABC):
    """Base of the parts of the store; every public method of theirs is one transaction.

    All of them raise StoreError when the database does not do its part.
    """

    @abstractmethod
    def _writing(self, doing: str) -> AbstractContextManager[Connection]:
        """Open a transaction that writes, in turn with others; ``doing`` is told if it fails."""

    @abstractmethod
    def _reading(self, doing: str) -> AbstractContextManager[Connection]:
        """Open a transaction that reads what was committed; ``doing`` is told if it fails."""

    @abstractmethod
    def _announce(self, seq: int) -> None:
        """Wake those who listen: ``seq`` is the last number of an event that is committed."""
