//! Harvested: `ZADD z <text> m`, then `ZSCORE z m`, of redis-server 7.0.15; None where it answered
//! "ERR value is not a valid float".

use crate::resp::number::{IntegerText, parse_f64, parse_i64, write_double_17g};

fn printed(value: f64) -> String {
    let mut out = Vec::new();
    write_double_17g(value, &mut out);
    String::from_utf8(out).expect("ASCII")
}

#[test]
fn doubles_as_the_server_reads_and_prints_them() {
    const HARVEST: &[(&str, Option<&str>)] = &[
        ("0", Some("0")),
        ("1", Some("1")),
        ("1.1", Some("1.1000000000000001")),
        ("-3", Some("-3")),
        ("0.1", Some("0.10000000000000001")),
        ("1e17", Some("1e+17")),
        ("1e16", Some("10000000000000000")),
        ("12345678901234567", Some("12345678901234568")),
        ("123456789012345678", Some("1.2345678901234568e+17")),
        ("1e20", Some("1e+20")),
        ("1e100", Some("1e+100")),
        ("1.5e300", Some("1.5000000000000001e+300")),
        ("inf", Some("inf")),
        ("-inf", Some("-inf")),
        ("+inf", Some("inf")),
        ("infinity", Some("inf")),
        ("INFINITY", Some("inf")),
        ("-infinity", Some("-inf")),
        ("nan", None),
        ("-nan", None),
        ("nan(1)", None),
        ("infin", None),
        ("in", None),
        ("i", None),
        ("-inf ", None),
        ("5e-324", Some("4.9406564584124654e-324")),
        ("1e-5", Some("1.0000000000000001e-05")),
        ("0.0001", Some("0.0001")),
        ("3.14", Some("3.1400000000000001")),
        ("1e400", None),
        ("1e-400", None),
        ("0e-400", Some("0")),
        ("4e-324", Some("4.9406564584124654e-324")),
        ("2e-324", None),
        ("0x10", Some("16")),
        ("0x1p3", Some("8")),
        ("0x.8", Some("0.5")),
        ("0x1.", Some("1")),
        ("0x1.8", Some("1.5")),
        ("0x1e", Some("30")),
        ("0x1e+1", None),
        ("0x", None),
        ("0x1p", None),
        ("0x1.8p1", Some("3")),
        ("-0x1p-3", Some("-0.125")),
        ("0X1P-1074", Some("4.9406564584124654e-324")),
        ("0x1p-1075", None),
        ("0x1.8p-1075", Some("4.9406564584124654e-324")),
        ("0x1p1024", None),
        ("0x1p99999999999", None),
        ("0x0p99999999999", Some("0")),
        ("0x1.fffffffffffff8p0", Some("2")),
        ("0x1.fffffffffffff7p0", Some("1.9999999999999998")),
        ("0x1.00000000000008p0", Some("1")),
        ("0x1.000000000000080000001p0", Some("1.0000000000000002")),
        ("0x123456789abcdef01234567p-3", Some("4.4015645841257965e+25")),
        ("1.", Some("1")),
        (".5", Some("0.5")),
        ("-.5e1", Some("-5")),
        (".", None),
        ("-", None),
        ("+", None),
        ("", None),
        ("e5", None),
        ("1e", None),
        ("1e+", None),
        ("1e5", Some("100000")),
        ("+1", Some("1")),
        ("++1", None),
        ("--1", None),
        ("+-1", None),
        ("1_0", None),
        ("1,5", None),
        ("1f", None),
        ("1125899906842624.25", Some("1125899906842624.2")),
        ("1125899906842624.75", Some("1125899906842624.8")),
        ("1e99999999999999999999", None),
        ("0e99999999999999999999", Some("0")),
        ("1e-99999999999999999999", None),
        ("9007199254740993", Some("9007199254740992")),
        ("2.2250738585072011e-308", Some("2.2250738585072009e-308")),
        ("1.7976931348623159e308", None),
        ("1.7976931348623158e308", Some("1.7976931348623157e+308")),
        (" 1", None),
        ("1 ", None),
        ("\t1", None),
        ("1\n", None),
        ("1\0", None),
        ("\x001", None),
        ("1\0x", None),
        ("\u{661}", None),
    ];
    for &(text, expected) in HARVEST {
        let read = parse_f64(text.as_bytes()).map(printed);
        assert_eq!(read.as_deref(), expected, "{text:?}");
    }
}

#[test]
fn doubles_that_no_command_stores() {
    assert_eq!(printed(-0.0), "-0");
    assert_eq!(printed(f64::NAN), "nan");
    assert_eq!(printed(99999999999999984.0), "99999999999999984");
    assert_eq!(printed(-1e17), "-1e+17");
    assert_eq!(printed(f64::MIN_POSITIVE), "2.2250738585072014e-308");
}

#[test]
fn integers() {
    const VALID: &[&str] = &["0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808"];
    for text in VALID {
        let value = parse_i64(text.as_bytes()).expect("valid");
        assert_eq!(value.to_string(), *text);
        assert_eq!(IntegerText::new().format(value), text.as_bytes());
    }
    const INVALID: &[&str] = &[
        "",
        "-",
        "+1",
        "-0",
        "00",
        "01",
        " 1",
        "1 ",
        "1a",
        "a",
        "--1",
        "0x1",
        "1.0",
        "1e3",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999",
        "100000000000000000000",
        "1\0",
        "1234567890123456789012",
    ];
    for text in INVALID {
        assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
    }
}
