use super::*;

#[test]
fn accounts_survive_their_text() {
    let check = |text: &str, window: &str| {
        let account: Account = text.parse().unwrap();
        assert_eq!((account.to_string().as_str(), account.window.to_string().as_str()), (text, window));
    };
    check("partner:acme", "lifetime");
    check("partner:acme@2026-02", "2026-02");
    check("partner:acme/dataset:pos_orders@2026-12", "2026-12");
    check("dataset:pos_orders@1999-01", "1999-01");
    for wrong in ["", "@2026-02", "partner:acme@", "partner:acme@2026-2", "partner:acme@2026-02@2026-02"] {
        assert!(wrong.parse::<Account>().is_err(), "{wrong}");
    }
}

/// An account of before there were months is the one for ever, whatever the scope.
#[test]
fn a_scope_alone_is_for_ever() {
    let scope: Scope = "partner:acme/dataset:pos_orders".parse().unwrap();
    let account = Account { scope: scope.clone(), window: Window::Lifetime };
    assert_eq!(account.to_string(), scope.to_string());
}
