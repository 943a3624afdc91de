//! The Merkle tree over the log, as RFC 6962 §2.1 and RFC 9162 §2.1 hash it: SHA-256, leaves behind a byte 0x00, inner nodes
//! behind 0x01. Only the roots of its full subtrees are kept, which is all that appending needs.

use sha2::{Digest, Sha256};
use std::fmt;

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// A SHA-256 hash of a leaf, an inner node, or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; HASH_BYTES]);

impl Hash {
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Of a leaf.
    #[must_use]
    pub fn of_leaf(content: &[u8]) -> Self {
        let hash = Sha256::new().chain_update([0]).chain_update(content);
        Self(hash.finalize().into())
    }

    /// Of the node above two others.
    #[must_use]
    pub fn above(left: &Self, right: &Self) -> Self {
        let hash = Sha256::new().chain_update([1]);
        let hash = hash.chain_update(left.0).chain_update(right.0);
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Hash {
    /// In lower-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree, by its size and the roots of its full subtrees, the largest first: one for each bit of the size that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// From what [`Self::size`] and [`Self::peaks`] gave; `None` when they do not belong together.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        (peaks.len() == expected).then_some(Self { size, peaks })
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its full subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// One more leaf; at most 64 hashes of work.
    pub fn append(&mut self, leaf: Hash) {
        let mut top = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = Hash::above(&left, &top);
            }
        }
        self.peaks.push(top);
        self.size = self.size.saturating_add(1);
    }

    /// Its root; of an empty tree the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return Hash(Sha256::digest([]).into());
        };
        peaks.fold(*last, |right, left| Hash::above(left, &right))
    }
}

/// The root over these leaves, by the definition in RFC 6962 §2.1 and not by the way of [`Tree`].
#[must_use]
pub(super) fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash(Sha256::digest([]).into()),
        [only] => *only,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            Hash::above(&root_of(left), &root_of(right))
        }
    }
}

/// The largest power of two that is smaller than `size`, which is at least 2.
pub(super) const fn split(size: usize) -> usize {
    match size.checked_next_power_of_two() {
        Some(power) => power / 2,
        None => size / 2,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The leaves and roots that implementations of RFC 6962 are compared by
    /// (<https://github.com/google/certificate-transparency>, `merkletree/merkle_tree_test.cc`).
    pub(in crate::audit) const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    pub(in crate::audit) fn leaf(hex: &str) -> Hash {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let content: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        Hash::of_leaf(&content)
    }

    pub(in crate::audit) fn numbered_leaves(count: usize) -> Vec<Hash> {
        (0..count)
            .map(|number| Hash::of_leaf(&number.to_be_bytes()))
            .collect()
    }

    #[test]
    fn p12_trees_have_the_roots_of_rfc_6962() {
        let mut tree = Tree::default();
        assert_eq!(tree.root().to_string(), ROOTS[0]);
        for (content, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            tree.append(leaf(content));
            assert_eq!(tree.root().to_string(), *root);
        }
    }

    proptest! {
        #[test]
        fn p12_a_tree_that_grew_is_the_tree_of_its_leaves(count in 0_usize..300) {
            let leaves = numbered_leaves(count);
            let mut tree = Tree::default();
            for leaf in &leaves {
                tree.append(*leaf);
            }
            prop_assert_eq!(tree.root(), root_of(&leaves));
            let kept = Tree::from_parts(tree.size(), tree.peaks().to_vec());
            prop_assert_eq!(kept, Some(tree.clone()));
            prop_assert_eq!(Tree::from_parts(tree.size() + 1, tree.peaks().to_vec()).is_some(), tree.size() % 2 == 1 && (tree.size() + 1).count_ones() == tree.size().count_ones());
        }
    }
}
