//! Targets that a price does not reach: what they need, and which could be had. All of it follows from the statement.

use std::fmt;

/// Targets that the price that may be paid does not reach. Nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// What they need.
    pub needed: Worth,
    /// What may be paid.
    pub allowed: Worth,
    /// Whether epsilon is a pure one.
    pub pure: bool,
    /// The targets, the dearest first.
    pub targets: Vec<MissedTarget>,
}

/// A price as people state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// rho, in billionths.
    pub rho_nano: u64,
    /// The epsilon that it amounts to at the delta that was stated, in thousandths: what is needed rounded up, what is
    /// allowed rounded down.
    pub epsilon_milli: u64,
}

/// A target, and the one that could be had in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedTarget {
    /// The place of its aggregate in the statement.
    pub aggregate: usize,
    /// The name of its aggregate.
    pub name: String,
    /// The decimals of the numbers below.
    pub scale: u8,
    /// The half-width of the 95 % interval that was asked for.
    pub half_width95: i64,
    /// A half-width that the price reaches where all targets are widened alike; none where it reaches none.
    pub nearest95: Option<i64>,
}

impl Shortfall {
    fn worth(&self, worth: Worth) -> String {
        // The parts of a pure epsilon cost less than the whole would.
        let (pure, most) = if self.pure { ("pure ", " at most") } else { ("", "") };
        let Worth { rho_nano, epsilon_milli } = worth;
        format!("{pure}epsilon {} (rho {}{most})", decimal(epsilon_milli, 3), decimal(rho_nano, 9))
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (needed, allowed) = (self.worth(self.needed), self.worth(self.allowed));
        let shown = |target: &MissedTarget, half_width: i64| {
            format!("`{}` {}", target.name, decimal(half_width.unsigned_abs(), target.scale))
        };
        let dearest = self.targets.first().map(|dearest| shown(dearest, dearest.half_width95));
        let dearest = dearest.unwrap_or_default();
        match self.targets.len() {
            0 | 1 => write!(f, "the target {dearest} needs a price of {needed}")?,
            _ => write!(f, "the targets need a price of {needed}, most of it for {dearest}")?,
        }
        write!(f, ", and {allowed} may be paid: ")?;
        let nearest = |target: &MissedTarget| target.nearest95.map(|nearest| shown(target, nearest));
        let nearest: Option<Vec<String>> = self.targets.iter().map(nearest).collect();
        if let Some(nearest) = nearest.filter(|nearest| !nearest.is_empty()) {
            write!(f, "ask for {} or more, ", nearest.join(", "))?;
        }
        f.write_str("raise the price, or tighten the bounds")
    }
}

/// Writes a fixed-point number without the zeros at its end.
#[must_use]
pub fn decimal(units: u64, scale: u8) -> String {
    let digits = format!("{units:0width$}", width = usize::from(scale) + 1);
    let (whole, rest) = digits.split_at(digits.len().saturating_sub(usize::from(scale)));
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_target_needs_how_much_and_what_could_be_had_is_said() {
        let target = |name: &str, scale, half_width95, nearest95| MissedTarget {
            aggregate: 0,
            name: name.to_owned(),
            scale,
            half_width95,
            nearest95,
        };
        let worth = |rho_nano, epsilon_milli| Worth { rho_nano, epsilon_milli };
        let mut short = Shortfall {
            needed: worth(251_000_001, 3_214),
            allowed: worth(15_500_000, 1_000),
            pure: false,
            targets: vec![target("lines", 0, 2, Some(9))],
        };
        assert_eq!(
            short.to_string(),
            "the target `lines` 2 needs a price of epsilon 3.214 (rho 0.251000001), and epsilon 1 (rho 0.0155) may be paid: \
             ask for `lines` 9 or more, raise the price, or tighten the bounds"
        );
        short.targets.push(target("sales", 2, 5, Some(1_050)));
        short.pure = true;
        assert_eq!(
            short.to_string(),
            "the targets need a price of pure epsilon 3.214 (rho 0.251000001 at most), most of it for `lines` 2, and pure \
             epsilon 1 (rho 0.0155 at most) may be paid: ask for `lines` 9, `sales` 10.5 or more, raise the price, or tighten the bounds"
        );
        short.targets[1].nearest95 = None;
        assert!(
            short.to_string().ends_with("may be paid: raise the price, or tighten the bounds"),
            "{short}"
        );
    }
}
