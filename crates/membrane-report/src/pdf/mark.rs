//! Marks what is drawn: the reader's program learns which node of the tree a text belongs to.

use std::num::NonZeroU16;

use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node as PdfNode, SpanTag,
    TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};

use super::tree::{Node, Role, Tree};

/// The texts of each node, as they are drawn.
pub(super) struct Marks {
    texts: Vec<Vec<Identifier>>,
    /// What is being drawn.
    open: Option<Option<Node>>,
}

impl Marks {
    /// Begins for a tree.
    pub(super) fn new(tree: &Tree) -> Self {
        Self { texts: vec![Vec::new(); tree.nodes.len()], open: None }
    }

    /// Marks what is drawn next as a text of a node; of none, as decoration.
    pub(super) fn switch(&mut self, surface: &mut Surface<'_>, node: Option<Node>) {
        if self.open == Some(node) {
            return;
        }
        self.close(surface);
        self.open = Some(node);
        match node {
            None => {
                let kind = Artifact::with_kind(ArtifactType::Layout);
                let _decoration = surface.start_tagged(ContentTag::Artifact(kind));
            }
            Some(Node(place)) => {
                let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
                if let Some(texts) = self.texts.get_mut(place) {
                    texts.push(id);
                }
            }
        }
    }

    /// Adds a link to a node, before its texts.
    pub(super) fn link(&mut self, Node(place): Node, id: Identifier) {
        if let Some(texts) = self.texts.get_mut(place) {
            texts.insert(0, id);
        }
    }

    /// Ends what is being drawn: a page ends.
    pub(super) fn close(&mut self, surface: &mut Surface<'_>) {
        if self.open.take().is_some() {
            surface.end_tagged();
        }
    }

    /// Returns the tree with the texts in it.
    pub(super) fn finish(self, tree: Tree) -> TagTree {
        let mut children = vec![Vec::new(); tree.nodes.len()];
        let mut root = Vec::new();
        for (place, (_, under)) in tree.nodes.iter().enumerate() {
            match under.and_then(|Node(parent)| children.get_mut(parent)) {
                Some(siblings) => siblings.push(place),
                None => root.push(place),
            }
        }
        // Children are behind their parents, so going backwards each is whole when its parent takes it.
        let mut groups: Vec<Option<TagGroup>> = vec![None; tree.nodes.len()];
        let take = |groups: &mut [Option<TagGroup>], places: Vec<usize>| -> Vec<PdfNode> {
            let group = |place: usize| groups.get_mut(place).and_then(Option::take).map(PdfNode::Group);
            places.into_iter().filter_map(group).collect()
        };
        let nodes = tree.nodes.into_iter().zip(self.texts).zip(children).enumerate().rev();
        for (place, (((role, _), texts), below)) in nodes {
            let mut parts: Vec<PdfNode> = texts.into_iter().map(PdfNode::Leaf).collect();
            parts.extend(take(&mut groups, below));
            if let Some(group) = groups.get_mut(place) {
                *group = Some(TagGroup::with_children(kind(role), parts));
            }
        }
        let root = take(&mut groups, root);
        TagTree::from(root)
    }
}

/// Returns the tag for a role.
fn kind(role: Role) -> TagKind {
    match role {
        Role::Section => Tag::Section.into(),
        Role::Heading(level, text) => {
            let level = NonZeroU16::new(u16::from(level)).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text)).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::Contents => Tag::TOC.into(),
        Role::ContentsItem => Tag::TOCI.into(),
        Role::Link => Tag::Link.into(),
        Role::List => Tag::L(ListNumbering::Disc).into(),
        Role::Pairs => Tag::L(ListNumbering::None).into(),
        Role::ListItem => Tag::LI.into(),
        Role::Label => Tag::Lbl.into(),
        Role::Body => Tag::LBody.into(),
        Role::Code => Tag::Code.into(),
        Role::Table => Tag::Table.into(),
        Role::Caption => Tag::Caption.into(),
        Role::TableHead => Tag::THead.into(),
        Role::TableBody => Tag::TBody.into(),
        Role::TableRow => Tag::TR.into(),
        Role::HeadCell => Tag::TH(TableHeaderScope::Column).into(),
        Role::Cell => Tag::TD.into(),
    }
}
