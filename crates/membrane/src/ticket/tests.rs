use super::*;

#[test]
fn a_ticket_is_too_short_for_a_telephone_number() {
    for good in ["INC-1234", "AB-1", "ABCDE-123456"] {
        assert!(good.parse::<Ticket>().is_ok(), "{good}");
    }
    for bad in [
        "13800138000",
        "TEL-13800138000",
        "ZHANGSAN WEI-1",
        "inc-1",
        "INC",
        "INC-",
        "-1",
        "INC-1-2",
        "张-1",
        "A-1",
        "ZHANGWEI-19900101",
        "HK-91234567",
    ] {
        assert!(bad.parse::<Ticket>().is_err(), "{bad}");
    }
}
