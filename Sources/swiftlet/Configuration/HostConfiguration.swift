// SPDX-License-Identifier: Apache-2.0
import Yams

/// The options of `serve` from three places: the configuration file, the environment, the command line. Each wins over the one before it.
///
/// All become words of one command line, in this order, and of an option that is given twice the parser takes the last one. So every option is in
/// all three places by itself, and is checked by the same code.
package struct HostConfiguration {
    /// An option of `serve`.
    package struct Option: Hashable, Sendable {
        /// As in the file and behind the two dashes: `state-dir`.
        package var name: String
        package var isFlag: Bool
        package var isRepeating: Bool

        package init(_ name: String, isFlag: Bool = false, isRepeating: Bool = false) {
            self.name = name
            self.isFlag = isFlag
            self.isRepeating = isRepeating
        }

        /// As in the environment: `SWIFTLET_STATE_DIR`.
        package var variable: String { "SWIFTLET_" + name.uppercased().replacing("-", with: "_") }
    }

    /// Words for the parser, with where they come from.
    package struct Source: Hashable, Sendable {
        package var words: [String]
        /// For an error: `SWIFTLET_LISTEN`, or `listen in /etc/swiftlet/config.yaml`.
        package var origin: String
    }

    let options: [Option]

    package init(options: [Option]) { self.options = options }

    /// - Parameters:
    ///   - text: of the file; YAML, a mapping of option names to values.
    ///   - path: for errors.
    /// - Throws: ``ConfigurationError`` for what is no YAML, for unknown keys, naming the nearest one, and for values that no option has.
    package func file(_ text: String, path: String) throws(ConfigurationError) -> [Source] {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch { throw ConfigurationError("\(path) is no YAML: \(error)") }
        guard let root, root != Node("", Tag(.null)) else { return [] }
        if let scalar = root.scalar, scalar.string.isEmpty { return [] }
        guard let mapping = root.mapping else {
            throw ConfigurationError("\(path) must hold options, one a line: `listen: 127.0.0.1:8080`")
        }
        var sources: [Source] = []
        var seen: Set<String> = []
        for (key, value) in mapping {
            let line = key.mark.map { ", line \($0.line)" } ?? ""
            guard let name = key.scalar?.string else { throw ConfigurationError("\(path)\(line): the name of an option must be a word") }
            guard let option = options.first(where: { $0.name == name }) else { throw unknown(name, in: path + line) }
            guard seen.insert(name).inserted else { throw ConfigurationError("\(path)\(line): '\(name)' is given twice") }
            sources.append(Source(words: try words(option, value, where: path + line), origin: "\(name) in \(path)\(line)"))
        }
        return sources
    }

    /// - Parameter environment: by name; variables that no option has are other programs'.
    package func environment(_ environment: [String: String]) throws(ConfigurationError) -> [Source] {
        var sources: [Source] = []
        for option in options {
            guard let value = environment[option.variable] else { continue }
            let words: [String]
            if option.isFlag {
                words = try flag(option, value, where: option.variable)
            } else if option.isRepeating {
                words = value.split(separator: ",").flatMap { ["--\(option.name)", $0.drop { $0 == " " }.description] }
            } else {
                words = ["--\(option.name)", value]
            }
            sources.append(Source(words: words, origin: option.variable))
        }
        return sources
    }

    private func words(_ option: Option, _ value: Node, where place: String) throws(ConfigurationError) -> [String] {
        if option.isRepeating, let sequence = value.sequence {
            var words: [String] = []
            for element in sequence {
                guard let text = element.scalar?.string else {
                    throw ConfigurationError("\(place): '\(option.name)' must be a list of words")
                }
                words += ["--\(option.name)", text]
            }
            return words
        }
        guard let text = value.scalar?.string else {
            throw ConfigurationError("\(place): '\(option.name)' must have one value\(option.isRepeating ? " or a list of them" : "")")
        }
        return option.isFlag ? try flag(option, text, where: place) : ["--\(option.name)", text]
    }

    private func flag(_ option: Option, _ value: String, where place: String) throws(ConfigurationError) -> [String] {
        switch value.lowercased() {
        case "true", "yes", "on", "1": return ["--\(option.name)"]
        case "false", "no", "off", "0", "": return []
        default: throw ConfigurationError("\(place): '\(option.name)' must be true or false, not '\(value)'")
        }
    }

    private func unknown(_ name: String, in place: String) -> ConfigurationError {
        let nearest = options.map { (name: $0.name, distance: editDistance($0.name, name)) }.min { $0.distance < $1.distance }
        let hint = nearest.flatMap { $0.distance <= max(2, name.count / 3) ? "; did you mean '\($0.name)'?" : nil }
        let known = options.map(\.name).sorted().joined(separator: ", ")
        return ConfigurationError("\(place): there is no option '\(name)'\(hint ?? "; there are \(known)")")
    }
}

/// What is wrong with a configuration, in words that name its place.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein).
package func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for (column, other) in right.enumerated() {
            let above = row[column + 1]
            row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == other ? 0 : 1))
            diagonal = above
        }
    }
    return row[right.count]
}
