"""The lineage of a credential: who gave it, what it gave, what each of them did."""
