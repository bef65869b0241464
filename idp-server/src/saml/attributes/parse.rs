//! How is an expression read? By a parser that goes through the text once and gives up early.

use super::expression::{Expression, Function, Side, Source, is_plain};

/// The longest expression, in bytes.
const MAX_TEXT: usize = 1024;
/// How deep brackets may stand in each other. The parser calls itself, and a stack ends.
const MAX_DEPTH: usize = 16;

/// Why a text is no expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExpression {
    /// Longer than anybody needs.
    #[error("an expression has at most {MAX_TEXT} bytes")]
    Long,
    /// Too many brackets in each other.
    #[error("brackets stand at most {MAX_DEPTH} deep in each other")]
    Deep,
    /// There is no such function.
    #[error("the functions are attr, lower, domain, first, before, after and join (at byte {0})")]
    Function(usize),
    /// Something else belongs here.
    #[error(
        "this cannot be read from byte {0} on: an expression is a name, a \"text\", a function, a + b or a ?? b"
    )]
    At(usize),
}

/// Reads an expression.
///
/// # Errors
/// [`NotExpression`] says where it ends to be one.
pub(super) fn parse(text: &str) -> Result<Expression, NotExpression> {
    if text.len() > MAX_TEXT {
        return Err(NotExpression::Long);
    }
    let mut parser = Parser { text, rest: text, depth: 0 };
    let expression = parser.expression()?;
    if parser.rest.is_empty() { Ok(expression) } else { Err(parser.wrong()) }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn at(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    fn wrong(&self) -> NotExpression {
        NotExpression::At(self.at())
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Goes over a sign, if it is the next one.
    fn takes(&mut self, sign: &str) -> bool {
        self.blank();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                self.blank();
                true
            }
            None => false,
        }
    }

    fn needs(&mut self, sign: &str) -> Result<(), NotExpression> {
        if self.takes(sign) { Ok(()) } else { Err(self.wrong()) }
    }

    fn expression(&mut self) -> Result<Expression, NotExpression> {
        if self.depth >= MAX_DEPTH {
            return Err(NotExpression::Deep);
        }
        self.depth = self.depth.saturating_add(1);
        let mut found = self.sum()?;
        while self.takes("??") {
            found = Expression::Else(Box::new(found), Box::new(self.sum()?));
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(found)
    }

    fn sum(&mut self) -> Result<Expression, NotExpression> {
        let mut found = self.operand()?;
        while self.takes("+") {
            found = Expression::Concat(Box::new(found), Box::new(self.operand()?));
        }
        Ok(found)
    }

    fn operand(&mut self) -> Result<Expression, NotExpression> {
        self.blank();
        if self.rest.starts_with('"') {
            return self.literal().map(Expression::Literal);
        }
        if self.takes("(") {
            let inner = self.expression()?;
            self.needs(")")?;
            return Ok(inner);
        }
        let (at, name) = (self.at(), self.name()?);
        if self.takes("(") {
            let called = self.call(name, at)?;
            self.needs(")")?;
            return Ok(called);
        }
        match Source::ALL.into_iter().find(|source| source.name() == name) {
            Some(source) => Ok(Expression::Source(source)),
            None if is_plain(name) => Ok(Expression::Profile(name.to_owned())),
            None => Err(NotExpression::At(at)),
        }
    }

    fn name(&mut self) -> Result<&'a str, NotExpression> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).ok_or_else(|| self.wrong())?;
        if name.is_empty() {
            return Err(self.wrong());
        }
        self.rest = rest;
        self.blank();
        Ok(name)
    }

    /// What stands between the brackets of a function.
    fn call(&mut self, name: &str, at: usize) -> Result<Expression, NotExpression> {
        if let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name) {
            return Ok(Expression::Of(function, Box::new(self.expression()?)));
        }
        let side = match name {
            "attr" => return self.literal().map(profile),
            "join" => {
                let inner = self.expression()?;
                self.needs(",")?;
                return Ok(Expression::Join(Box::new(inner), self.literal()?));
            }
            "before" => Side::Before,
            "after" => Side::After,
            _ => return Err(NotExpression::Function(at)),
        };
        let separator = self.literal()?;
        self.needs(",")?;
        Ok(Expression::Part(side, separator, Box::new(self.expression()?)))
    }

    /// A text in quotes, in which `\"` and `\\` are a quote and a backslash.
    fn literal(&mut self) -> Result<String, NotExpression> {
        self.blank();
        let inner = self.rest.strip_prefix('"').ok_or_else(|| self.wrong())?;
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = inner.get(at.saturating_add(1)..).unwrap_or_default();
                    self.blank();
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    _ => return Err(self.wrong()),
                },
                c => text.push(c),
            }
        }
        Err(self.wrong())
    }
}

/// `attr("name")` always means the profile, also where a source has the same name.
fn profile(name: String) -> Expression {
    Expression::Profile(name)
}
