//! What each text of the file is, for those who do not see the page.

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Section,
    /// A heading: its level, the title being 1, and its text.
    Heading(u8, String),
    Paragraph,
    Contents,
    ContentsItem,
    /// A text that leads to a section.
    Link,
    List,
    /// Labels with values, as a list without bullets.
    Pairs,
    ListItem,
    Label,
    Body,
    Code,
    Table,
    Caption,
    TableHead,
    TableBody,
    TableRow,
    HeadCell,
    Cell,
}

/// A node of a tree, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node(pub(super) usize);

/// The tree. A node has nodes under it, or texts; texts are told apart by the sheets.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// What each node is, and what it is under: always an earlier one.
    pub(super) nodes: Vec<(Role, Option<Node>)>,
}

impl Tree {
    /// Adds a node.
    pub(super) fn add(&mut self, role: Role, under: Option<Node>) -> Node {
        self.nodes.push((role, under));
        Node(self.nodes.len() - 1)
    }
}
