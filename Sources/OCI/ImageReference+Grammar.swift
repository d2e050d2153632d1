// SPDX-License-Identifier: Apache-2.0

/// The character rules of ``ImageReference``, on ASCII bytes: what is not ASCII is in none of these names.
extension ImageReference {
    /// Whether text is a tag: at most 128 bytes of letters, digits, `_`, `.` and `-`, the first neither `.` nor `-`.
    public static func isTag(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard (1...128).contains(bytes.count), let first = bytes.first, isWord(first) else { return false }
        return bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// Whether the text before the first slash is a registry and not the first part of a repository.
    static func looksLikeRegistry(_ text: some StringProtocol) -> Bool {
        text == "localhost" || text.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || isUpper($0) }
    }

    static func isRegistry(_ name: some StringProtocol) -> Bool {
        let text = Substring(name)
        if text.hasPrefix("[") { return isAddress6(text) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first else { return false }
        if parts.count == 2, !isPort(parts[1]) { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            let bytes = label.utf8
            guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Lower-case letters and digits in groups, with one `.`, one or two `_`, or any number of `-` between two of them.
    static func isRepositoryPart(_ text: some StringProtocol) -> Bool {
        var separator: [UInt8] = []
        var groups = 0
        for byte in text.utf8 {
            if isLowerOrDigit(byte) {
                guard separator.isEmpty || (groups > 0 && isSeparator(separator)) else { return false }
                groups = groups == 0 || !separator.isEmpty ? groups + 1 : groups
                separator = []
            } else {
                separator.append(byte)
            }
        }
        return groups > 0 && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        bytes == [UInt8(ascii: ".")] || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
            || (bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: "_") })
    }

    private static func isAddress6(_ text: some StringProtocol) -> Bool {
        guard let close = text.firstIndex(of: "]") else { return false }
        let address = text[text.index(after: text.startIndex)..<close].utf8
        let rest = text[text.index(after: close)...]
        let inner = (2...39).contains(address.count) && address.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") }
        return inner && (rest.isEmpty || (rest.hasPrefix(":") && isPort(rest.dropFirst())))
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy(isDigit) && (UInt16(text) ?? 0) > 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    private static func isLowerOrDigit(_ byte: UInt8) -> Bool { isLower(byte) || isDigit(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerOrDigit(byte) || isUpper(byte) }
    private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }
}
