//! How much is drawn.

/// How much is drawn. All bounds of one area together are wrong with a probability of `alpha` at most.
#[derive(Debug, Clone)]
pub struct Effort {
    /// The chance of a false alarm in each area.
    pub alpha: f64,
    /// Draws of each neighbour, of each part of a release.
    pub mechanism_draws: usize,
    /// The same where half of the noise was planted, which is easier to see.
    pub planted_draws: usize,
    /// Trials of each choice of groups.
    pub key_trials: usize,
    /// People who are made up for each statement: each gives up to three pairs of neighbours.
    pub people: u64,
    /// Ways in which rows lie, for each statement.
    pub lies: u64,
    /// Answers to each of two neighbours.
    pub answers: usize,
    /// Answers whose error bars are looked at.
    pub repeats: usize,
    /// Members of whom those are.
    pub members: u32,
    /// Statements of which answers are drawn; none for all.
    pub drawn: Option<u64>,
    /// Answers of each of two hubs.
    pub hub_answers: u32,
    /// Releases whose time is taken; none in tests.
    pub timed: usize,
}

impl Effort {
    /// All that `make audit` does.
    #[must_use]
    pub const fn full() -> Self {
        Self {
            alpha: 1e-3,
            mechanism_draws: 100_000,
            planted_draws: 10_000,
            key_trials: 200_000,
            people: 100,
            lies: 24,
            answers: 10_000,
            repeats: 10_000,
            members: 6_000,
            drawn: None,
            hub_answers: 4_000,
            timed: 4_000,
        }
    }

    /// What `make test` does: every check, with little of each.
    #[must_use]
    pub const fn quick() -> Self {
        Self {
            mechanism_draws: 4_000,
            key_trials: 20_000,
            people: 4,
            lies: 4,
            answers: 2_000,
            repeats: 1_000,
            members: 3_000,
            drawn: Some(2),
            hub_answers: 400,
            timed: 0,
            ..Self::full()
        }
    }

    /// What is done for one statement while somebody waits.
    #[must_use]
    pub const fn of_one_release() -> Self {
        Self { people: 60, lies: 12, answers: 5_000, repeats: 5_000, ..Self::full() }
    }
}
