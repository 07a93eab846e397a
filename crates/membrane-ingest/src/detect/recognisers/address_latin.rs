//! Addresses in Latin letters: a house number and a word for a street.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::AddressLatin,
    chance: 0.05,
    share_min: 0.35,
    share_hinted_min: 0.1,
    look,
    against: nothing,
};

/// Words for streets and what stands beside them.
const STREETS: &str = " street st road rd avenue ave av lane ln drive dr boulevard blvd court ct way place pl square sq close terrace \
                       crescent highway hwy parkway pkwy trail circle cir row alley rue calle via viale avenida rua platz weg allee \
                       camino expressway walk mews gardens grove estate ";
/// Words for streets that are other things as well (US Postal Service, publication 28): behind a house number only.
const RARER: &str = " branch bridge brook brooks burg burgs bypass camp canyon cape causeway center centers cliff cliffs club common \
                     corner corners course courts cove coves creek crossing curve dale dam divide drives estates extension extensions \
                     falls ferry field fields flat flats ford fords forest forge forges fork forks fort freeway garden gateway glen \
                     glens green greens groves harbor harbors haven heights hill hills hollow inlet island islands isle junction \
                     junctions key keys knoll knolls lake lakes landing light lights loaf lock locks lodge loop mall manor manors \
                     meadow meadows mill mills mission motorway mount mountain mountains neck orchard oval overpass park parks \
                     parkways pass passage path pike pine pines plain plains plaza point points port ports prairie radial ramp ranch \
                     rapid rapids rest ridge ridges river roads route run shoal shoals shore shores skyway spring springs spur spurs \
                     squares station stravenue stream streets summit throughway trace track trafficway tunnel turnpike underpass \
                     union unions valley valleys viaduct view views village villages ville vista walks wall ways well wells ";
/// Ends of German and Dutch streets.
const ENDS: [&str; 7] = ["strasse", "straße", "str", "straat", "weg", "gasse", "laan"];

fn look(value: &Value) -> Look {
    let text = value.text.to_lowercase();
    let words: Vec<&str> = text.split([' ', ',', '.', '\n']).filter(|word| !word.is_empty()).collect();
    let has_number = words.iter().any(|word| word.chars().next().is_some_and(|first| first.is_ascii_digit()));
    if words.len() < 3 || !has_number || text.len() > 200 {
        return Look::Other;
    }
    let starts = text.starts_with(|first: char| first.is_ascii_digit());
    let street = |word: &&&str| {
        STREETS.contains(&format!(" {word} "))
            || (starts && RARER.contains(&format!(" {word} ")))
            || (word.len() > 5 && ENDS.iter().any(|end| word.ends_with(end)))
    };
    Look::of(words.iter().any(|word| street(&word)))
}
