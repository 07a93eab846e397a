//! A weakness in one plain sentence.

use std::fmt;
use std::time::Duration;

use chrono::SecondsFormat;
use membrane_model::TokenForm;

use super::Weakness;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
/// What takes longer than this is never done.
const LIFETIME: u64 = 100 * YEAR;

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{} is shown as {} to {} for {} ({}): {}",
            self.dataset,
            self.column,
            form(self.form),
            joined(&self.principals),
            joined(&self.purposes),
            policies(&self.by),
            self.cost(),
        )?;
        if let Some(time) = self.look_up_cost() {
            write!(f, "; {time}")?;
        }
        f.write_str(&self.ending())
    }
}

impl Weakness {
    /// Says how many values there are, and what it costs to undo the token without looking up.
    pub(super) fn cost(&self) -> String {
        let values =
            format!("{} {}", grouped(self.values), if self.values == 1 { "value" } else { "values" });
        if self.small {
            return format!("{values}; whoever knows how often each occurs knows which is which");
        }
        let how = match self.form {
            TokenForm::Opaque => format!("{} on one core", in_words(self.key_stolen)),
            TokenForm::Ff1 => "at once".to_owned(),
        };
        format!("{values}: with the key stolen {how}")
    }

    /// Says what looking up costs, where it is permitted.
    pub(super) fn look_up_cost(&self) -> Option<String> {
        let time = self.by_look_up?;
        let time = if time.as_secs() > LIFETIME { "never".to_owned() } else { in_words(time) };
        Some(format!("by looking up at {} an hour {time}", self.lookups_per_hour))
    }

    /// Says from when on it is, and who has taken it on.
    pub(super) fn ending(&self) -> String {
        let from =
            self.from.map(|from| format!("; from {} on", from.to_rfc3339_opts(SecondsFormat::Secs, true)));
        let waived =
            self.waiver.as_ref().map(|waiver| format!("; waived by {}: {}", waiver.by, waiver.because));
        [from, waived].into_iter().flatten().collect()
    }
}

/// Names a form of token.
pub(super) const fn form(form: TokenForm) -> &'static str {
    match form {
        TokenForm::Opaque => "a token",
        TokenForm::Ff1 => "a token in its format",
    }
}

/// Names policies.
pub(super) fn policies(by: &[String]) -> String {
    format!("{} {}", if by.len() == 1 { "policy" } else { "policies" }, by.join(", "))
}

pub(super) fn joined(names: impl IntoIterator<Item = impl fmt::Display>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// Writes a number in groups of three digits.
fn grouped(number: impl fmt::Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Says how long something takes, in the largest unit of which there are two.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(YEAR, "years"), (DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"), (1, "seconds")];
    match units.into_iter().find(|(unit, _)| seconds >= 2 * unit) {
        // Rounded: a unit of which there are two is never rounded down to one.
        Some((unit, name)) => format!("{} {name}", grouped(seconds.saturating_add(unit / 2) / unit)),
        None => "a second".to_owned(),
    }
}

#[cfg(test)]
mod tests;
