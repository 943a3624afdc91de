//! Proofs that need no log: that a record is under a root, and that one tree is the beginning of another
//! (RFC 6962 §2.1.1 and §2.1.2; checked as RFC 9162 §2.1.3.2 and §2.1.4.2 say).

use super::tree::{Hash, root_of, split};

/// The path from the leaf at `index`, from 0, to the root over `leaves`; `None` when there is no such leaf.
#[must_use]
pub fn inclusion(index: usize, leaves: &[Hash]) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut index, mut leaves) = (index, leaves);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            path.push(root_of(right));
            leaves = left;
        } else {
            path.push(root_of(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether `path` leads from `leaf` at `index`, from 0, to the root of a tree of `size` leaves.
#[must_use]
pub fn is_included(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut reached = *leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            reached = Hash::above(step, &reached);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            reached = Hash::above(&reached, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && reached == *root
}

/// What shows that the tree over the first `old` of `leaves` is the beginning of the tree over all; `None` when it
/// has more leaves, or none.
#[must_use]
pub fn consistency(old: usize, leaves: &[Hash]) -> Option<Vec<Hash>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut old, mut leaves, mut is_whole) = (old, leaves, true);
    while old < leaves.len() {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if old <= left.len() {
            path.push(root_of(right));
            leaves = left;
        } else {
            path.push(root_of(left));
            old -= left.len();
            leaves = right;
            is_whole = false;
        }
    }
    if !is_whole {
        path.push(root_of(leaves));
    }
    path.reverse();
    Some(path)
}

/// Whether `path` shows that the tree of `old` leaves is the beginning of the tree of `new` leaves.
#[must_use]
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    let mut steps = path.iter();
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        steps.next()
    };
    let Some(first) = first else { return false };
    let trailing = (old_size - 1).trailing_ones();
    let (mut node, mut last) = ((old_size - 1) >> trailing, (new_size - 1) >> trailing);
    let (mut of_old, mut of_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            of_old = Hash::above(step, &of_old);
            of_new = Hash::above(step, &of_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_new = Hash::above(&of_new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::{LEAVES, leaf, numbered_leaves};
    use super::*;
    use proptest::prelude::*;

    fn known() -> Vec<Hash> {
        LEAVES.iter().map(|content| leaf(content)).collect()
    }

    fn told(path: Option<Vec<Hash>>) -> Vec<String> {
        let path = path.unwrap().into_iter();
        path.map(|hash| hash.to_string()[..8].to_owned()).collect()
    }

    /// Also of `merkle_tree_test.cc`; the first eight digits of each hash.
    #[test]
    fn p12_known_proofs_of_rfc_6962() {
        let leaves = known();
        assert_eq!(
            told(inclusion(0, &leaves)),
            ["96a296d2", "5f083f0a", "6b47aaf2"]
        );
        assert_eq!(
            told(inclusion(5, &leaves)),
            ["bc1a0643", "ca854ea1", "d37ee418"]
        );
        assert_eq!(told(inclusion(2, &leaves[..3])), ["fac54203"]);
        assert_eq!(
            told(consistency(6, &leaves)),
            ["0ebc5d34", "ca854ea1", "d37ee418"]
        );
        assert_eq!(told(consistency(2, &leaves[..5])), ["5f083f0a", "bc1a0643"]);
        assert_eq!(
            told(consistency(1, &leaves)),
            ["96a296d2", "5f083f0a", "6b47aaf2"]
        );
    }

    proptest! {
        #[test]
        fn p12_every_record_is_shown_to_be_in_the_tree_and_no_other(count in 1_usize..70, at in 0_usize..70) {
            let leaves = numbered_leaves(count);
            let (index, root) = (at % count, root_of(&leaves));
            let path = inclusion(index, &leaves).unwrap();
            let (place, size) = (index as u64, count as u64);
            prop_assert!(is_included(&leaves[index], place, size, &path, &root));
            prop_assert!(!is_included(&Hash::of_leaf(b"other"), place, size, &path, &root));
            prop_assert!(!is_included(&leaves[index], place, size, &path, &Hash::of_leaf(b"other")));
            prop_assert!(!is_included(&leaves[index], size, size, &path, &root));
            let mut longer = path.clone();
            longer.push(root);
            prop_assert!(!is_included(&leaves[index], place, size, &longer, &root));
            for dropped in 0..path.len() {
                let mut shorter = path.clone();
                shorter.remove(dropped);
                prop_assert!(!is_included(&leaves[index], place, size, &shorter, &root));
            }
        }

        #[test]
        fn p12_a_tree_is_the_beginning_of_what_it_grew_into_and_of_nothing_else(count in 1_usize..70, at in 0_usize..70, bent in 0_usize..70) {
            let mut leaves = numbered_leaves(count);
            let old = at % count + 1;
            let (before, after) = (root_of(&leaves[..old]), root_of(&leaves));
            let path = consistency(old, &leaves).unwrap();
            let (old_size, new_size) = (old as u64, count as u64);
            prop_assert!(is_consistent((old_size, &before), (new_size, &after), &path));
            let other = Hash::of_leaf(b"other");
            prop_assert!(!is_consistent((old_size, &other), (new_size, &after), &path));
            prop_assert!(!is_consistent((old_size, &before), (new_size, &other), &path));
            leaves[bent % old] = other;
            let rewritten = consistency(old, &leaves).unwrap();
            prop_assert!(!is_consistent((old_size, &before), (new_size, &root_of(&leaves)), &rewritten));
        }

        #[test]
        fn p12_no_made_up_proof_is_too_strange(sizes in any::<(u64, u64, u64)>(), length in 0_usize..70) {
            let path = numbered_leaves(length);
            let (a, b) = (Hash::of_leaf(b"a"), Hash::of_leaf(b"b"));
            prop_assert!(!is_included(&a, sizes.0, sizes.1, &path, &b));
            prop_assert!(!is_consistent((sizes.0, &a), (sizes.1, &b), &path));
        }
    }
}
