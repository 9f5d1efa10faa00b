//! Commands as grammars: one line of text describes all valid forms of a command, and is expanded at random.
//!
//! ```text
//! SET key value {NX|XX|GET|EX seconds}     upper case: literal; lower case: a kind of argument (arguments.rs)
//! [x|y]    nothing, or one of the alternatives         (x|y)   one of the alternatives
//! {x|y}    any of the alternatives, in any order, possibly repeated or conflicting
//! x...     once to four times
//! ```
//!
//! Literals come out in mixed case now and then. Expansion gives what the grammar allows; [`mutate`] then breaks some
//! of it: arguments lost, added, doubled, swapped, replaced.

use super::arguments::{arguments, nasty};
use super::random::Random;

enum Node {
    Literal(String),
    Kind(String),
    Optional(Vec<Vec<Node>>),
    Choice(Vec<Vec<Node>>),
    AnyOf(Vec<Vec<Node>>),
    Repeat(Box<Node>),
}

/// A parsed grammar line.
pub struct Grammar {
    nodes: Vec<Node>,
    /// How often the line is chosen, relative to the others of its family.
    pub weight: usize,
}

impl Grammar {
    pub fn parse(weight: usize, line: &str) -> Grammar {
        let mut spaced = line.to_string();
        for mark in ["[", "]", "(", ")", "{", "}", "|", "..."] {
            spaced = spaced.replace(mark, &format!(" {mark} "));
        }
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let mut at = 0;
        let nodes = sequence(&tokens, &mut at);
        assert!(at == tokens.len(), "unbalanced grammar: {line}");
        Grammar { nodes, weight }
    }

    /// The command's name, if the line begins with a literal.
    pub fn name(&self) -> Option<&str> {
        match self.nodes.first() {
            Some(Node::Literal(name)) => Some(name),
            _ => None,
        }
    }

    pub fn expand(&self, random: &mut Random) -> Vec<Vec<u8>> {
        let mut output = Vec::new();
        expand_sequence(&self.nodes, random, &mut output);
        output
    }
}

fn sequence(tokens: &[&str], at: &mut usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(&token) = tokens.get(*at) {
        let node = match token {
            "|" | "]" | ")" | "}" => break,
            "..." => {
                *at += 1;
                let last = nodes.pop().expect("'...' follows something");
                nodes.push(Node::Repeat(Box::new(last)));
                continue;
            }
            "[" => Node::Optional(alternatives(tokens, at, "]")),
            "(" => Node::Choice(alternatives(tokens, at, ")")),
            "{" => Node::AnyOf(alternatives(tokens, at, "}")),
            word if word.chars().any(|letter| letter.is_ascii_lowercase()) => Node::Kind(word.into()),
            word => Node::Literal(word.into()),
        };
        nodes.push(node);
        *at += 1;
    }
    nodes
}

fn alternatives(tokens: &[&str], at: &mut usize, close: &str) -> Vec<Vec<Node>> {
    let mut branches = Vec::new();
    loop {
        *at += 1;
        branches.push(sequence(tokens, at));
        match tokens.get(*at) {
            Some(&"|") => {}
            Some(token) if *token == close => return branches,
            other => panic!("expected {close} in a grammar, found {other:?}"),
        }
    }
}

fn expand_sequence(nodes: &[Node], random: &mut Random, output: &mut Vec<Vec<u8>>) {
    nodes.iter().for_each(|node| expand_node(node, random, output));
}

fn expand_node(node: &Node, random: &mut Random, output: &mut Vec<Vec<u8>>) {
    match node {
        Node::Literal(word) => output.push(mixed_case(word, random)),
        Node::Kind(kind) => output.extend(arguments(kind, random)),
        Node::Optional(branches) => {
            if random.percent(50) {
                expand_sequence(&branches[random.below(branches.len())], random, output);
            }
        }
        Node::Choice(branches) => expand_sequence(&branches[random.below(branches.len())], random, output),
        Node::AnyOf(branches) => {
            let count = *random.pick(&[0, 0, 0, 1, 1, 1, 1, 2, 2, 3]);
            for _ in 0..count {
                expand_sequence(&branches[random.below(branches.len())], random, output);
            }
        }
        Node::Repeat(inner) => {
            for _ in 0..random.between(1, 4) {
                expand_node(inner, random, output);
            }
        }
    }
}

fn mixed_case(word: &str, random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0 => word.to_ascii_lowercase().into_bytes(),
        1 => word.bytes().map(|byte| if random.percent(50) { byte.to_ascii_lowercase() } else { byte }).collect(),
        _ => word.as_bytes().to_vec(),
    }
}

/// Breaks a command in one way; the name itself mostly survives.
pub fn mutate(command: &mut Vec<Vec<u8>>, random: &mut Random) {
    let last = command.len() - 1;
    match random.below(8) {
        0 => command.truncate(1),
        1 if last > 0 => drop(command.pop()),
        2 if last > 0 => drop(command.remove(random.between(1, last))),
        3 if last > 0 => {
            let copy = command[random.between(1, last)].clone();
            command.push(copy);
        }
        4 if last > 1 => command.swap(random.between(1, last), random.between(1, last)),
        5 | 6 if last > 0 => command[random.between(1, last)] = nasty(random),
        _ => command.push(nasty(random)),
    }
}
