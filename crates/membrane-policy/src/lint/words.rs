//! A weakness in one plain sentence.

use std::fmt;
use std::time::Duration;

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
        let form = match self.form {
            TokenForm::Opaque => "a token",
            TokenForm::Ff1 => "a token in its format",
        };
        let policies = if self.by.len() == 1 { "policy" } else { "policies" };
        write!(
            f,
            "{}.{} is shown as {form} to {} for {} ({policies} {}): {} {}",
            self.dataset,
            self.column,
            joined(&self.principals),
            joined(&self.purposes),
            self.by.join(", "),
            grouped(self.values),
            if self.values == 1 { "value" } else { "values" },
        )?;
        if self.small {
            f.write_str("; whoever knows how often each occurs knows which is which")?;
        } else {
            let how = match self.form {
                TokenForm::Opaque => format!("{} on one core", in_words(self.key_stolen)),
                TokenForm::Ff1 => "at once".to_owned(),
            };
            write!(f, ": with the key stolen {how}")?;
        }
        if let Some(time) = self.by_look_up {
            let time = if time.as_secs() > LIFETIME { "never".to_owned() } else { in_words(time) };
            write!(f, "; by looking up at {} an hour {time}", self.lookups_per_hour)?;
        }
        if let Some(waiver) = &self.waiver {
            write!(f, "; waived by {}: {}", waiver.by, waiver.because)?;
        }
        Ok(())
    }
}

fn joined(names: &[impl fmt::Display]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
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
