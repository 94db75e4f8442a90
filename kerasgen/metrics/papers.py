"""Papers of metrics: authors and year, title, venue, number in arXiv or ""."""

PAPERS = {
    "alain2016": (
        "Alain & Bengio 2016",
        "Understanding Intermediate Layers Using Linear Classifier Probes",
        "",
        "1610.01644",
    ),
    "binkowski2018": (
        "Bińkowski et al. 2018",
        "Demystifying MMD GANs",
        "ICLR",
        "1801.01401",
    ),
    "burda2016": (
        "Burda, Grosse & Salakhutdinov 2016",
        "Importance Weighted Autoencoders",
        "ICLR",
        "1509.00519",
    ),
    "che2017": (
        "Che et al. 2017",
        "Mode Regularized Generative Adversarial Networks",
        "ICLR",
        "1612.02136",
    ),
    "chen2016": (
        "Chen et al. 2016",
        "InfoGAN: Interpretable Representation Learning by Information Maximizing "
        "Generative Adversarial Nets",
        "NIPS",
        "1606.03657",
    ),
    "creswell2018": (
        "Creswell & Bharath 2018",
        "Inverting the Generator of a Generative Adversarial Network (II)",
        "",
        "1802.05701",
    ),
    "donahue2017": (
        "Donahue, Krähenbühl & Darrell 2017",
        "Adversarial Feature Learning",
        "ICLR",
        "1605.09782",
    ),
    "durall2020": (
        "Durall, Keuper & Keuper 2020",
        "Watch your Up-Convolution",
        "CVPR",
        "2003.01826",
    ),
    "friedman2023": (
        "Friedman & Dieng 2023",
        "The Vendi Score: A Diversity Evaluation Metric for Machine Learning",
        "TMLR",
        "2210.02410",
    ),
    "heusel2017": (
        "Heusel et al. 2017",
        "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash "
        "Equilibrium",
        "NeurIPS",
        "1706.08500",
    ),
    "hoffman2016": (
        "Hoffman & Johnson 2016",
        "ELBO surgery: yet another way to carve up the variational evidence lower "
        "bound",
        "NIPS workshop on Advances in Approximate Bayesian Inference",
        "",
    ),
    "kingma2014": (
        "Kingma & Welling 2014",
        "Auto-Encoding Variational Bayes",
        "ICLR",
        "1312.6114",
    ),
    "kynkaanniemi2019": (
        "Kynkäänniemi et al. 2019",
        "Improved Precision and Recall Metric for Assessing Generative Models",
        "NeurIPS",
        "1904.06991",
    ),
    "lipton2017": (
        "Lipton & Tripathi 2017",
        "Precise Recovery of Latent Vectors from Generative Adversarial Networks",
        "",
        "1702.04782",
    ),
    "meehan2020": (
        "Meehan, Chaudhuri & Dasgupta 2020",
        "A Non-Parametric Test to Detect Data-Copying in Generative Models",
        "AISTATS",
        "2004.05675",
    ),
    "naeem2020": (
        "Naeem et al. 2020",
        "Reliable Fidelity and Diversity Metrics for Generative Models",
        "ICML",
        "2002.09797",
    ),
    "odena2017": (
        "Odena, Olah & Shlens 2017",
        "Conditional Image Synthesis with Auxiliary Classifier GANs",
        "ICML",
        "1610.09585",
    ),
    "ravuri2019": (
        "Ravuri & Vinyals 2019",
        "Classification Accuracy Score for Conditional Generative Models",
        "NeurIPS",
        "1905.10887",
    ),
    "richardson2018": (
        "Richardson & Weiss 2018",
        "On GANs and GMMs",
        "NeurIPS",
        "1805.12462",
    ),
    "rousseeuw1987": (
        "Rousseeuw 1987",
        "Silhouettes: A Graphical Aid to the Interpretation and Validation of Cluster "
        "Analysis",
        "Journal of Computational and Applied Mathematics 20",
        "",
    ),
    "salimans2016": (
        "Salimans et al. 2016",
        "Improved Techniques for Training GANs",
        "NeurIPS",
        "1606.03498",
    ),
    "srivastava2017": (
        "Srivastava et al. 2017",
        "VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning",
        "NeurIPS",
        "1705.07761",
    ),
    "tolstikhin2018": (
        "Tolstikhin et al. 2018",
        "Wasserstein Auto-Encoders",
        "ICLR",
        "1711.01558",
    ),
    "xie2016": (
        "Xie, Girshick & Farhadi 2016",
        "Unsupervised Deep Embedding for Clustering Analysis",
        "ICML",
        "1511.06335",
    ),
    "zhu2016": (
        "Zhu et al. 2016",
        "Generative Visual Manipulation on the Natural Image Manifold",
        "ECCV",
        "1609.03552",
    ),
    "zhu2017": (
        "Zhu et al. 2017",
        "Toward Multimodal Image-to-Image Translation",
        "NeurIPS",
        "1711.11586",
    ),
}

# Papers of codes that are found by inversion.
INVERSION = ("zhu2016", "lipton2017", "creswell2018")
