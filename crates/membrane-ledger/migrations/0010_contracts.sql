-- What a document is about, for kinds of which many things have documents: the dataset, of revisions of contracts.
ALTER TABLE document ADD COLUMN about TEXT;
CREATE INDEX document_by_subject ON document (kind, about, number);
