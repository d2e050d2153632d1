// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Activation
internal import DequeModule
internal import NIOCore

extension Exchange {
    /// What most calls have nothing of. They have one empty place for all of it, which is less to set up and to give back.
    final class Seldom {
        /// Body that came before it could be forwarded.
        var held: Deque<ByteBuffer> = []
        /// What a signed event must be; it is read whole before it is given to anyone.
        var payload: PayloadCheck?
        var trailers: HeaderFields?
        var coldStart: ColdStart?
        /// What the caller's token says, for the function to read.
        var claimFields: [(name: String, value: String)] = []
        /// The fields that it may say, and that so nobody else says: not in the head, and not behind the body.
        var claimNames: [String] = []
        /// Fields that let a page of another origin read the answer.
        var crossOriginFields: [(name: String, value: String)] = []
        /// Where this host takes part in traces.
        var spans: CallSpans?

        /// The trailers that the function gets. Those of a short call come before it is known what the caller's token says.
        var passedTrailers: HeaderFields? { claimNames.isEmpty ? trailers : trailers?.without(claimNames) }
    }

    /// The place for it, made when the first of it comes.
    var own: Seldom {
        if let seldom { return seldom }
        let made = Seldom()
        seldom = made
        return made
    }

    var coldStart: ColdStart? { seldom?.coldStart }
    var spans: CallSpans? { seldom?.spans }
}
