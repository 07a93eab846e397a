-- Builds of tags, good and failed ones, numbered from 1 for each tag. Values of members are in none of them: `shares` says how many have
-- which value, `rules` which policies and which catalog it was made by, `marks` up to which versions of its datasets a build has seen them.
CREATE TABLE tag_build (
    tag TEXT NOT NULL,
    number BIGINT NOT NULL,
    version BIGINT NOT NULL,
    definition TEXT NOT NULL,
    rules TEXT NOT NULL,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    as_of BIGINT,
    started BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    fault TEXT,
    members BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    population BIGINT,
    drift TEXT,
    shares TEXT NOT NULL,
    marks TEXT NOT NULL,
    PRIMARY KEY (tag, number)
);
-- Who is at work on a tag.
CREATE TABLE tag_hold (
    tag TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    held_until BIGINT
);
