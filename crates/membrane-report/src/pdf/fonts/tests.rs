//! Tests.

use super::*;

/// Returns fonts that all are DejaVu Sans Mono, which lacks what DejaVu Sans has.
fn narrow() -> Fonts {
    let face = || {
        let bytes: &'static [u8] = include_bytes!("../../../fonts/DejaVuSansMono.ttf");
        Face::read(bytes, bytes.into()).unwrap()
    };
    Fonts { faces: vec![face(), face(), face()] }
}

#[test]
fn bundled_fonts_have_the_alphabets_of_europe() {
    let fonts = Fonts::bundled().unwrap();
    for c in "AZaz09 äßçñøžőŞığ ΑΩάώ АЯяёЇґ €§±–—…•·„“”’ﬁ".chars()
    {
        for cut in [Cut::Regular, Cut::Bold, Cut::Mono] {
            assert!(fonts.glyph(cut, c).is_some(), "{c}");
        }
    }
    assert!(!fonts.has('王'));
}

#[test]
fn a_cut_writes_what_it_has() {
    let fonts = Fonts::bundled().unwrap();
    let face = |cut, c| fonts.glyph(cut, c).map(|glyph| glyph.face);
    assert_eq!(face(Cut::Regular, 'a'), Some(0));
    assert_eq!(face(Cut::Bold, 'a'), Some(1));
    assert_eq!(face(Cut::Mono, 'a'), Some(2));
    // Hebrew is not in the mono cut.
    assert_eq!(face(Cut::Mono, 'א'), Some(0));
}

#[test]
fn a_font_that_is_added_writes_what_the_others_lack() {
    let sans = include_bytes!("../../../fonts/DejaVuSans.ttf").to_vec();
    let fonts = narrow();
    assert!(!fonts.has('א'));
    let fonts = fonts.with_fallback(sans).unwrap();
    assert_eq!(fonts.glyph(Cut::Bold, 'א').map(|glyph| glyph.face), Some(3));
    assert_eq!(fonts.glyph(Cut::Regular, 'a').map(|glyph| glyph.face), Some(0));
    assert!(!fonts.has('王'));
}

#[test]
fn bytes_that_are_no_font() {
    for bytes in [b"".to_vec(), b"OTTO".to_vec(), vec![0; 4096]] {
        assert!(matches!(Fonts::bundled().unwrap().with_fallback(bytes), Err(PdfError::Font)));
    }
}

#[test]
fn letters_of_equal_width() {
    let fonts = Fonts::bundled().unwrap();
    assert!((fonts.width(Cut::Mono, "iii") - fonts.width(Cut::Mono, "WWW")).abs() < 1e-6);
    assert!(fonts.width(Cut::Bold, "name") > fonts.width(Cut::Regular, "name"));
}
