// SPDX-License-Identifier: Apache-2.0

/// What a function sees in place of the path and query that came.
///
/// The first rule that matches counts: exact ones before those with wildcards, and these before regular expressions, each in their order. An exact
/// rule replaces the path and leaves the query; a wildcard rule is searched in path and query, and replaces all of it, `$1` being what its first
/// `*` stood for; a regular expression replaces what it matches there. `^` binds a wildcard rule to the beginning.
/// Source: "Configure a rewrite policy" of Function Compute's manual, which does not say in which order kinds are tried.
public struct PathRewrite: Sendable {
    private static let rulesPerKind = 50
    private static let ruleBytes = 1024

    private struct Rule: Hashable {
        var match: String
        var replacement: String
    }

    private let equal: [Rule]
    private let wildcard: [Rule]
    private let regex: [Rule]

    init(_ reader: FieldReader?) throws(ServiceError) {
        try reader?.onlyHas(["equalRules", "wildcardRules", "regexRules"])
        equal = try Self.rules(reader, "equalRules")
        wildcard = try Self.rules(reader, "wildcardRules")
        regex = try Self.rules(reader, "regexRules")
        for rule in regex {
            do { _ = try Regex(rule.match) } catch {
                throw .invalid(reader?.field("regexRules") ?? "", .string(rule.match), "it must be a regular expression; \(error)")
            }
        }
    }

    public var isEmpty: Bool { equal.isEmpty && wildcard.isEmpty && regex.isEmpty }

    private static func rules(_ reader: FieldReader?, _ name: String) throws(ServiceError) -> [Rule] {
        guard let reader, let value = reader.members[name] else { return [] }
        guard let elements = value.array, elements.count <= rulesPerKind else {
            throw .invalid(reader.field(name), value, "it must be a list of at most \(rulesPerKind) rules")
        }
        var rules: [Rule] = []
        for (index, element) in elements.enumerated() {
            let rule = FieldReader(element.object ?? [:], path: "\(reader.field(name))[\(index)].")
            guard let match = try rule.string("match", maximumBytes: ruleBytes, minimumBytes: 1),
                let replacement = try rule.string("replacement", maximumBytes: ruleBytes, minimumBytes: 1),
                replacement.hasPrefix("/") || name == "regexRules",
                replacement.utf8.allSatisfy({ (33...126).contains($0) })
            else { throw .invalid(reader.field(name), element, "a rule has match and replacement, and the replacement begins with '/'") }
            rules.append(Rule(match: match, replacement: replacement))
        }
        return rules
    }

    /// - Parameter target: path and query.
    public func apply(to target: String) -> String {
        let query = target.firstIndex(of: "?") ?? target.endIndex
        if let rule = equal.first(where: { $0.match == target[..<query] }) { return rule.replacement + target[query...] }
        for rule in wildcard {
            if let captured = Self.captures(of: rule.match, in: target) { return Self.fill(rule.replacement, captured) }
        }
        for rule in regex {
            guard let match = Self.firstMatch(of: rule.match, in: target) else { continue }
            let captured = match.output.dropFirst().map { $0.substring.map(String.init) ?? "" }
            let rewritten = target.replacingCharacters(of: match.range, with: Self.fill(rule.replacement, captured))
            return rewritten.hasPrefix("/") ? rewritten : "/" + rewritten
        }
        return target
    }

    /// The expression was read when the rule was kept, so it can be read now.
    private static func firstMatch(of text: String, in target: String) -> Regex<AnyRegexOutput>.Match? {
        do { return target.firstMatch(of: try Regex(text)) } catch { return nil }
    }

    /// What the `*` of a pattern stand for, each as much as it can; nil where the pattern does not occur in the text.
    static func captures(of pattern: String, in text: String) -> [String]? {
        let isBound = pattern.hasPrefix("^")
        let parts = pattern.dropFirst(isBound ? 1 : 0).split(separator: "*", omittingEmptySubsequences: false).map { Array($0.utf8) }
        let bytes = Array(text.utf8)
        let start = isBound ? (bytes.starts(with: parts[0]) ? 0 : nil) : first(parts[0], in: bytes[...])
        guard let start else { return nil }
        // From the right, so that each star takes all that those behind it leave.
        var places = [start]
        var end = bytes.count
        for part in parts.dropFirst().reversed() {
            guard let place = last(part, in: bytes[..<end]) else { return nil }
            places.insert(place, at: 1)
            end = place
        }
        guard end >= start + parts[0].count else { return nil }
        return (1..<parts.count).map { star in
            String(decoding: bytes[(places[star - 1] + parts[star - 1].count)..<places[star]], as: UTF8.self)
        }
    }

    private static func first(_ part: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= part.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - part.count)).first { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }

    private static func last(_ part: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= part.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - part.count)).last { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }

    /// Puts `$1` to `$9`.
    private static func fill(_ replacement: String, _ captured: [String]) -> String {
        var result = ""
        var rest = replacement[...]
        while let character = rest.popFirst() {
            if character == "$", let number = rest.first?.wholeNumberValue, number >= 1 {
                rest.removeFirst()
                if number <= captured.count { result += captured[number - 1] }
            } else {
                result.append(character)
            }
        }
        return result
    }
}

extension PathRewrite: Hashable {}

extension String {
    fileprivate func replacingCharacters(of range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
