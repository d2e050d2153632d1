// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Brings images to this host that functions name.
public protocol ImagePreparation: Sendable {
    /// Whether the image is to be brought from elsewhere before the function runs. Where not, and it is not here, the function is refused at once.
    ///
    /// - Parameter isHere: whether the host has an image of this name.
    func mustBring(_ reference: String, isHere: Bool) -> Bool

    /// Brings the image, so that the image library finds it by its name when this returns. Cancelled where nobody needs it any more.
    ///
    /// - Throws: an error that reads as the reason: registry, status, and which credentials were used.
    func bring(_ reference: String, for configuration: FunctionConfiguration, of function: String) async throws

    /// Hands over what came with a function and is stored nowhere: the password of its registry. It is for the next ``bring(_:for:of:)`` of it.
    func entrust(_ input: [String: JSONValue], of function: String)
}

/// A host that has the images that were loaded into it, and no others.
public struct LoadedImagesOnly: ImagePreparation {
    public init() {}

    public func mustBring(_ reference: String, isHere: Bool) -> Bool { false }

    public func bring(_ reference: String, for configuration: FunctionConfiguration, of function: String) async throws {}

    public func entrust(_ input: [String: JSONValue], of function: String) {}
}
