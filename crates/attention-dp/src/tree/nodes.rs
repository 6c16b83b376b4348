//! Where the nodes of a tree stand in memory, and how they are summed and estimated.

use core::ops::Range;
use dp_mechanisms::continual::{Node, TreeShape};

/// The nodes of one scalar tree, level by level from the leaves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NodeLayout {
    shape: TreeShape,
    /// First node of each level, and the number of nodes.
    offsets: Vec<usize>,
}

impl NodeLayout {
    pub(crate) fn new(shape: TreeShape) -> Self {
        let mut offsets = vec![0];
        for level in 0..shape.levels() {
            offsets.push(offsets[level as usize] + (shape.horizon() >> level) as usize);
        }
        Self { shape, offsets }
    }

    pub(crate) const fn shape(&self) -> TreeShape {
        self.shape
    }

    pub(crate) const fn leaves(&self) -> usize {
        self.shape.horizon() as usize
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.offsets[self.offsets.len() - 1]
    }

    pub(crate) fn position(&self, node: Node) -> usize {
        self.offsets[node.level as usize] + node.index as usize
    }

    /// The nodes of each level.
    pub(crate) fn levels(&self) -> impl Iterator<Item = Range<usize>> {
        self.offsets.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// The nodes whose disjoint union is a range of leaves.
    pub(crate) fn cover(&self, leaves: Range<usize>) -> impl Iterator<Item = Node> {
        self.shape.cover(leaves.start as u64..leaves.end as u64)
    }

    /// From leaves to all nodes, modulo 2⁶⁴.
    pub(crate) fn sum_upward(&self, nodes: &mut [i64]) {
        let levels: Vec<_> = self.levels().collect();
        for pair in levels.windows(2) {
            let (lower, upper) = nodes[pair[0].start..pair[1].end].split_at_mut(pair[0].len());
            for (node, halves) in upper.iter_mut().zip(lower.as_chunks::<2>().0) {
                *node = halves[0].wrapping_add(halves[1]);
            }
        }
    }

    /// From noisy sums of equal variance to the best linear unbiased estimate of each node from what lies inside it
    /// (Honaker 2015): `v·(its sum) + (1 − v)·(estimates of its halves)`, v the [node factor](TreeShape::node_factor).
    pub(crate) fn estimate_from_below(&self, values: &mut [f64]) {
        let levels: Vec<_> = self.levels().collect();
        for (level, pair) in levels.windows(2).enumerate() {
            let factor = TreeShape::node_factor(level as u32 + 1);
            let (lower, upper) = values[pair[0].start..pair[1].end].split_at_mut(pair[0].len());
            for (node, halves) in upper.iter_mut().zip(lower.as_chunks::<2>().0) {
                *node = factor * *node + (1.0 - factor) * (halves[0] + halves[1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_the_sum_of_its_leaves() {
        for leaves in [1, 2, 3, 7, 8, 100, 256] {
            let layout = NodeLayout::new(TreeShape::new(leaves).unwrap());
            let mut nodes = vec![0; layout.len()];
            (0..leaves as usize).for_each(|i| nodes[i] = (i * i) as i64 - 50);
            layout.sum_upward(&mut nodes);
            for start in 0..leaves as usize {
                for end in start..=leaves as usize {
                    let sum: i64 = layout.cover(start..end).map(|node| nodes[layout.position(node)]).sum();
                    assert_eq!(sum, (start..end).map(|i| (i * i) as i64 - 50).sum::<i64>());
                }
            }
            // sums without noise are their own estimates
            let mut values: Vec<f64> = nodes.iter().map(|&sum| sum as f64).collect();
            layout.estimate_from_below(&mut values);
            let largest = nodes.iter().map(|sum| sum.abs()).max().unwrap() as f64;
            // at most nine levels of three roundings each
            assert!(
                values
                    .iter()
                    .zip(&nodes)
                    .all(|(v, &s)| (v - s as f64).abs() <= 27.0 * f64::EPSILON * largest)
            );
        }
    }
}
