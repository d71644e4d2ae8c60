//! The elementwise operations there are, by NumPy's names.

use crate::error::{Error, Result};

macro_rules! operations {
    ($(#[$meta:meta])* $Enum:ident, $what:literal: $($Variant:ident $name:literal,)*) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Enum {
            $(#[doc = concat!("`numpy.", $name, "`")] $Variant,)*
        }

        impl $Enum {
            /// Every operation.
            pub const ALL: &'static [$Enum] = &[$($Enum::$Variant,)*];

            /// NumPy's name of it.
            pub fn name(self) -> &'static str {
                match self {
                    $($Enum::$Variant => $name,)*
                }
            }

            /// The operation that NumPy gives this name.
            ///
            /// # Errors
            /// An unsupported error that lists the names there are.
            pub fn parse(name: &str) -> Result<$Enum> {
                $Enum::ALL.iter().copied().find(|op| op.name() == name).ok_or_else(|| {
                    let names: Vec<_> = $Enum::ALL.iter().map(|op| op.name()).collect();
                    Error::unsupported(format!(
                        concat!("there is no ", $what, " operation {:?}; there are {}"),
                        name,
                        names.join(", ")
                    ))
                })
            }
        }
    };
}

operations! {
    /// An operation on two arrays, element by element.
    BinaryOp, "binary":
    Add "add",
    Subtract "subtract",
    Multiply "multiply",
    Divide "divide",
    FloorDivide "floor_divide",
    Remainder "remainder",
    Power "power",
    Minimum "minimum",
    Maximum "maximum",
    Equal "equal",
    NotEqual "not_equal",
    Less "less",
    LessEqual "less_equal",
    Greater "greater",
    GreaterEqual "greater_equal",
    LogicalAnd "logical_and",
    LogicalOr "logical_or",
    BitwiseAnd "bitwise_and",
    BitwiseOr "bitwise_or",
    BitwiseXor "bitwise_xor",
    Hypot "hypot",
    Arctan2 "arctan2",
}

impl BinaryOp {
    /// Whether the operation compares, so that it gives `bool` whatever it is given.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::*;
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }
}

operations! {
    /// An operation on one array, element by element.
    UnaryOp, "unary":
    Negative "negative",
    Absolute "absolute",
    Sqrt "sqrt",
    Square "square",
    Exp "exp",
    Log "log",
    Log2 "log2",
    Log10 "log10",
    Sin "sin",
    Cos "cos",
    Tan "tan",
    Arcsin "arcsin",
    Arccos "arccos",
    Arctan "arctan",
    Sinh "sinh",
    Cosh "cosh",
    Tanh "tanh",
    Floor "floor",
    Ceil "ceil",
    Rint "rint",
    Trunc "trunc",
    IsNan "isnan",
    IsInf "isinf",
    IsFinite "isfinite",
    LogicalNot "logical_not",
    Invert "invert",
    Sign "sign",
}
