use std::collections::BTreeSet;

use super::{Ask, Expect, FAMILIES, corpus};

#[test]
fn families_are_numbered_and_attacks_have_ids_of_their_own() {
    assert!(FAMILIES.iter().zip(1..).all(|(family, number)| family.number == number));
    let attacks = corpus();
    let ids: BTreeSet<&str> = attacks.iter().map(|attack| attack.id.as_str()).collect();
    assert_eq!(ids.len(), attacks.len());
    assert!(FAMILIES.iter().all(|family| !family.attacks().is_empty()));
}

/// An attack that is no other than its honest counterpart proves nothing.
#[test]
fn an_attack_differs_from_what_it_is_compared_with() {
    for attack in corpus() {
        let Ask::Sql(sql) = &attack.ask else { continue };
        if let Expect::SameAs(honest) = &attack.expect {
            assert_ne!(sql, honest, "{}", attack.id);
        }
        if let Expect::SameWords(other) = &attack.expect
            && let Ask::Sql(other) = other.as_ref()
        {
            assert_eq!(sql.len(), other.len(), "{}: positions tell them apart", attack.id);
        }
    }
}

/// The page says what was tried, and how much of it.
#[test]
fn the_page_lists_every_family() {
    let page = include_str!("../../../../docs/attacks.md");
    for family in FAMILIES {
        let line = format!("| {} | {} | {} |", family.number, family.title, family.attacks().len());
        assert!(page.contains(&line), "docs/attacks.md lacks `{line}`");
    }
    let all = format!("{} attacks", corpus().len());
    assert!(page.contains(&all), "docs/attacks.md does not say {all}");
}
