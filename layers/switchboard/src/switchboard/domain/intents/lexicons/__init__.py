"""What callers say, as data in the language of `patterns`; one module per need, and those about safety and feeling.

Weights of needs: 6 and more is a complaint or request that leaves no doubt, 4 to 5 a plain statement, 3 the least that is a need of its
own, below that a hint, which counts where nothing stronger is said. A longer phrase stands above the words in it: an "upgrade
fee" is a fee. Of words with several senses only phrases stand here.
"""
