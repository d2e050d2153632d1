// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
import Hummingbird

/// Takes the base64 of `code.zipFile` out of a JSON body while it comes in pieces, so that neither text nor zip is ever in memory as a whole.
///
/// What is left is an ordinary body with an empty `zipFile`, which the JSON parser reads afterwards: so this only has to be right for valid JSON.
package struct ZipInJSON {
    private enum Place {
        case outside
        /// Inside a string; the bytes since its first quote where it may be the name of a member.
        case text
        case escape
        /// Inside the zip's text.
        case zip
        case zipEscape
        case zipUnicode(digits: Int, value: UInt32)
    }

    /// What is open: for an object, the name of the member whose value comes.
    private struct Level {
        var isObject: Bool
        var awaitsName: Bool
        var name: [UInt8] = []
    }

    private var place = Place.outside
    private var levels: [Level] = []
    private var name: [UInt8] = []
    private var rest: [UInt8] = []
    private var hasZip = false
    private var base64 = Base64Decoder()

    package init() {}

    /// - Returns: bytes of the zip that have come with this piece.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`, 400 `EntityTooLarge` where what is not the zip is too long.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(ServiceError) -> [UInt8] {
        var zip: [UInt8] = []
        for byte in bytes {
            switch place {
            case .zip:
                switch byte {
                case UInt8(ascii: "\""):
                    try base64.finish()
                    rest.append(byte)
                    place = .outside
                case UInt8(ascii: "\\"): place = .zipEscape
                default: try base64.take(byte, into: &zip)
                }
            case .zipEscape:
                place = .zip
                switch byte {
                case UInt8(ascii: "/"): try base64.take(byte, into: &zip)
                case UInt8(ascii: "n"), UInt8(ascii: "r"): break
                case UInt8(ascii: "u"): place = .zipUnicode(digits: 0, value: 0)
                default: throw Base64Decoder.malformed
                }
            case .zipUnicode(let digits, let value):
                guard let digit = hexadecimalDigit(byte) else { throw Base64Decoder.malformed }
                let value = value << 4 | UInt32(digit)
                if digits < 3 {
                    place = .zipUnicode(digits: digits + 1, value: value)
                } else {
                    guard let character = UInt8(exactly: value) else { throw Base64Decoder.malformed }
                    try base64.take(character, into: &zip)
                    place = .zip
                }
            case .outside, .text, .escape: try takeOther(byte)
            }
        }
        return zip
    }

    private mutating func takeOther(_ byte: UInt8) throws(ServiceError) {
        guard rest.count < Request.maximumJSONBytes else {
            throw ServiceError(
                status: 400, code: "EntityTooLarge",
                message: "what the request says beside code.zipFile exceeds maximum allowed size (\(Request.maximumJSONBytes) bytes)")
        }
        rest.append(byte)
        switch place {
        case .escape: place = .text
        case .text:
            switch byte {
            case UInt8(ascii: "\\"): place = .escape
            case UInt8(ascii: "\""):
                place = .outside
                if let last = levels.indices.last, levels[last].awaitsName { levels[last].name = name }
            default: if name.count < 16 { name.append(byte) }
            }
        case .outside: try structure(byte)
        case .zip, .zipEscape, .zipUnicode: break
        }
    }

    private mutating func structure(_ byte: UInt8) throws(ServiceError) {
        switch byte {
        case UInt8(ascii: "{"): levels.append(Level(isObject: true, awaitsName: true))
        case UInt8(ascii: "["): levels.append(Level(isObject: false, awaitsName: false))
        case UInt8(ascii: "}"), UInt8(ascii: "]"): levels.removeLast(levels.isEmpty ? 0 : 1)
        case UInt8(ascii: ":"): if let last = levels.indices.last { levels[last].awaitsName = false }
        case UInt8(ascii: ","): if let last = levels.indices.last { levels[last].awaitsName = levels[last].isObject }
        case UInt8(ascii: "\""):
            name = []
            guard isZip else {
                place = .text
                return
            }
            guard !hasZip else { throw .invalidArgument("code.zipFile: given twice") }
            hasZip = true
            place = .zip
        default: break
        }
    }

    /// Whether the string that begins is the value of `code.zipFile`.
    private var isZip: Bool {
        levels.count == 2 && levels.allSatisfy { $0.isObject && !$0.awaitsName } && levels[0].name.elementsEqual("code".utf8)
            && levels[1].name.elementsEqual("zipFile".utf8)
    }

    /// The body without the zip.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    package func finish() throws(ServiceError) -> [String: JSONValue] {
        if rest.isEmpty { return [:] }
        let value: JSONValue
        do { value = try JSONValue(parsing: rest) } catch { throw .invalidArgument("the body of the request is \(error)") }
        guard let members = value.object else { throw .invalidArgument("the body of the request must be a JSON object") }
        guard members["code"]?.object?["zipFile"].map(\.isEmpty) ?? true else {
            throw .invalidArgument("code.zipFile: it must be base64, and its name written without escapes")
        }
        return members
    }

    private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

/// Base64 (RFC 4648 §4), byte by byte; white space between is skipped, as the SDKs' encoders may break lines.
struct Base64Decoder {
    private var bits: UInt32 = 0
    private var count = 0
    private var padding = 0

    static let malformed = ServiceError.invalidArgument("code.zipFile: it must be the zip in base64")

    mutating func take(_ byte: UInt8, into bytes: inout [UInt8]) throws(ServiceError) {
        let value: UInt32
        switch byte {
        case 65...90: value = UInt32(byte - 65)
        case 97...122: value = UInt32(byte - 71)
        case 48...57: value = UInt32(byte + 4)
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        case UInt8(ascii: "="):
            padding += 1
            guard padding <= 2 else { throw Self.malformed }
            return
        case 32, 9, 10, 13: return
        default: throw Self.malformed
        }
        guard padding == 0 else { throw Self.malformed }
        bits = bits << 6 | value
        count += 1
        if count % 4 != 1 { bytes.append(UInt8(truncatingIfNeeded: bits >> (6 - 2 * UInt32((count - 1) % 4)))) }
    }

    /// At the end the group must be whole, with padding or without.
    mutating func finish() throws(ServiceError) {
        let rest = count % 4
        guard rest != 1, padding == 0 || (rest + padding) % 4 == 0 else { throw Self.malformed }
    }
}
