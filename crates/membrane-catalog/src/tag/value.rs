//! What the values of a tag can be.

/// What the values of a tag can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagValue {
    /// Their type.
    pub kind: TagType,
    /// All of them, in the order of the file: for an enumeration, and empty for anything else.
    pub values: Vec<String>,
    /// Whether a member may be given none. A statement that gives none, for a tag that must have one, fails its build.
    pub nullable: bool,
}

impl TagValue {
    /// Tells whether a value may be: whether it is listed, where there is a list.
    #[must_use]
    pub fn allows(&self, value: &str) -> bool {
        self.kind != TagType::Enum || self.values.iter().any(|known| known == value)
    }
}

/// The type of the values of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagType {
    /// One of a list of words.
    Enum,
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
}

impl TagType {
    /// Every type.
    pub const ALL: [Self; 6] =
        [Self::Enum, Self::Text, Self::Integer, Self::Number, Self::Boolean, Self::Date];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enum => "enum",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
        }
    }

    /// Tells whether values are numbers, which the table of tags keeps as such.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Number)
    }
}
