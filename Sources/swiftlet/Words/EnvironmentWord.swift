// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `NAME=value`, as `--env` takes it.
struct EnvironmentWord: ExpressibleByArgument {
    var name: String
    var value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }

    var text: String { "\(name)=\(value)" }
}
